//! Own rows of the reference engine: the chat list's parts, marks and settings.

use async_trait::async_trait;
use bongsu_types::{Fact, Head, OwnChange, OwnRow, RoomId, RoomKind, Seq, Settings, UserId, UserRev};

use crate::memory::MemoryStore;
use crate::memory::change::{Change, move_mark};
use crate::memory::messages::{accept, cleared_if_empty};
use crate::memory::state::{RoomState, State};
use crate::{
    Changes, MarkedRead, OwnRows, Reads, Refusal, RoomDetails, RoomRow, SettingsChange, Standing, StoreResult,
};

#[async_trait]
impl Reads for MemoryStore {
    async fn own_rows(&self, user: &UserId) -> StoreResult<OwnRows> {
        let state = self.state();
        let rows = state.memberships(user).map(|(_, row)| row.clone()).collect();
        Ok(OwnRows { user_rev: state.user_rev(user), rows })
    }

    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Head>> {
        let state = self.state();
        Ok(rooms.iter().filter_map(|room| state.rooms.get(room)).map(|room| room.head).collect())
    }

    async fn details(&self, user: &UserId, rooms: &[RoomId]) -> StoreResult<Vec<RoomDetails>> {
        let state = self.state();
        let found = rooms.iter().filter_map(|room| state.rooms.get(room));
        Ok(found.map(|room| details(&state, room, user)).collect())
    }

    async fn room_row(&self, user: &UserId, room: RoomId) -> StoreResult<Option<RoomRow>> {
        let state = self.state();
        let Some(room) = state.rooms.get(&room) else { return Ok(None) };
        Ok(room.rows.get(user).map(|own| RoomRow {
            own: own.clone(),
            head: room.head,
            details: details(&state, room, user),
        }))
    }

    async fn standing(&self, user: &UserId, room: RoomId) -> StoreResult<Option<Standing>> {
        let state = self.state();
        let Some(room) = state.rooms.get(&room) else { return Ok(None) };
        let standing = |own: &OwnRow| Standing { own: own.clone(), head: room.head, room: room.room.clone() };
        Ok(room.rows.get(user).map(standing))
    }

    async fn changes(&self, user: &UserId, since: UserRev) -> StoreResult<Changes> {
        Ok(changes(&self.state(), self.options.limits.changes_items, user, since))
    }

    async fn mark_read(&self, user: &UserId, room: RoomId, seq: Seq) -> StoreResult<MarkedRead> {
        self.change(|change| mark_read(change, user, room, seq))
    }

    async fn mark_unread(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev> {
        self.change(|change| {
            let (_, row) = change.state().member(room, user)?;
            if row.marked_unread {
                return Ok(change.state().user_rev(user));
            }
            change.write_row(room, user).marked_unread = true;
            Ok(change.read_fact(room, user))
        })
    }

    async fn change_settings(
        &self,
        user: &UserId,
        room: RoomId,
        wanted: SettingsChange,
    ) -> StoreResult<(Settings, UserRev)> {
        self.change(|change| change_settings(change, user, room, wanted))
    }

    async fn accept(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev> {
        self.change(|change| {
            let (_, row) = change.state().member(room, user)?;
            if row.request {
                accept(change, room, user);
            }
            Ok(change.state().user_rev(user))
        })
    }
}

fn details(state: &State, room: &RoomState, user: &UserId) -> RoomDetails {
    let peer = room.room.pair.as_ref().and_then(|(a, b)| {
        let other = if user == a { b } else { a };
        state.profile(other).cloned()
    });
    RoomDetails {
        room: room.room.clone(),
        last: room.record(room.head.last_message).cloned(),
        everyone: room.everyone.clone(),
        peer,
    }
}

fn changes(state: &State, items_max: usize, user: &UserId, since: UserRev) -> Changes {
    let user_rev = state.user_rev(user);
    let forgotten_rev = state.users.get(user).map_or(UserRev::ZERO, |state| state.forgotten_rev);
    let changed = state.rows_of(user).map(|(_, row)| row).filter(|row| row.user_rev > since);
    let mut rows: Vec<_> = changed.cloned().collect();
    if since > user_rev || since < forgotten_rev || rows.len() > items_max {
        return Changes::Reset { user_rev };
    }
    rows.sort_by_key(|row| row.user_rev);
    Changes::Rows { rows, user_rev }
}

fn mark_read(change: &mut Change<'_>, user: &UserId, room: RoomId, seq: Seq) -> Result<MarkedRead, Refusal> {
    let (room_state, row) = change.state().member(room, user)?;
    let seq = seq.min(room_state.head.seq);
    let ord = room_state.ord_at(seq).filter(|_| seq > row.read_seq);
    let is_small = room_state.head.members <= change.limits.small_room_members;
    let has_receipts = is_small && room_state.room.kind != RoomKind::Channel;
    let was_marked = row.marked_unread;

    if let Some(ord) = ord {
        move_mark(change.write_row(room, user), seq, ord);
    }
    if was_marked {
        change.write_row(room, user).marked_unread = false;
    }
    if ord.is_some() || was_marked {
        change.read_fact(room, user);
    }
    if ord.is_some() && has_receipts {
        change.tell(Fact::Receipt { room, user: user.clone(), read_seq: seq });
    }
    let (room_state, row) = change.state().member(room, user)?;
    Ok(MarkedRead {
        head_seq: room_state.head.seq,
        read_seq: row.read_seq,
        read_ord: row.read_ord,
        unread: row.unread(&room_state.head),
        marked_unread: row.marked_unread,
        user_rev: change.state().user_rev(user),
    })
}

fn change_settings(
    change: &mut Change<'_>,
    user: &UserId,
    room: RoomId,
    wanted: SettingsChange,
) -> Result<(Settings, UserRev), Refusal> {
    let (room_state, row) = change.state().member(room, user)?;
    let old = &row.settings;
    let new = Settings {
        pinned: wanted.pinned.unwrap_or(old.pinned),
        muted_until_ms: wanted.muted_until_ms.unwrap_or(old.muted_until_ms),
        hidden_seq: match wanted.hidden {
            None => old.hidden_seq,
            Some(true) => Some(room_state.head.seq),
            Some(false) => None,
        },
        custom: wanted.custom.as_ref().map_or_else(|| old.custom.clone(), cleared_if_empty),
    };
    if new != *old {
        change.write_row(room, user).settings = new.clone();
        change.own_fact(room, user, OwnChange::Settings(new.clone()));
    }
    Ok((new, change.state().user_rev(user)))
}
