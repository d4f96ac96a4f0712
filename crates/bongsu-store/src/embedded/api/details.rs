//! What a chat list row shows, from one snapshot.

use bongsu_types::{RoomId, UserId};

use crate::embedded::View;
use crate::embedded::source::Source;
use crate::{RoomDetails, RoomRow, StoreResult};

/// Everything of a room besides positions; `None` when there is no such room.
pub(super) fn details(view: &View, user: &UserId, room: RoomId) -> StoreResult<Option<RoomDetails>> {
    let (Some(stored), Some(head)) = (view.room(room)?, view.head(room)?) else { return Ok(None) };
    let last = if head.last_message > head.floor_seq {
        view.record(room, head.last_message)?.map(|stored| stored.record)
    } else {
        None
    };
    let peer = match &stored.room.pair {
        Some((a, b)) => view.profile(if user == a { b } else { a })?,
        None => None,
    };
    let everyone = view.everyone(room)?;
    Ok(Some(RoomDetails { room: stored.room, last, everyone, peer }))
}

/// One row of the list, a tombstone's too.
pub(super) fn room_row(view: &View, user: &UserId, room: RoomId) -> StoreResult<Option<RoomRow>> {
    let Some(own) = view.own(user, room)? else { return Ok(None) };
    let (Some(head), Some(details)) = (view.head(room)?, details(view, user, room)?) else { return Ok(None) };
    Ok(Some(RoomRow { own: own.row, head, details }))
}
