//! From what use cases answer to what clients see.

use bongsu_service::{ChangedRow, ListPage, ListRow, MemberRow, OwnChanges, PresenceState, RoomView};
use bongsu_types::{Millis, UserRev};
use bongsu_wire::{Change, MemberObject, PresenceObject, RoomPage, RowParts};

/// A row of the chat list.
pub(crate) fn list_row(row: &ListRow) -> bongsu_wire::ListRow {
    let ListRow { own, head, details, unread: _, mentions: _ } = row;
    let peer = details.peer.as_ref();
    let parts = RowParts {
        room: &details.room,
        head,
        own,
        everyone: &details.everyone,
        peer,
        last: details.last.as_ref(),
    };
    parts.into()
}

/// A page of the chat list.
pub(crate) fn list_page(page: ListPage) -> RoomPage {
    let rooms = page.rows.iter().map(list_row).collect();
    RoomPage { rooms, unread_total: page.unread_total, cursor: page.cursor }
}

/// A room with its members, if it is small.
pub(crate) fn room_view(view: &RoomView) -> bongsu_wire::ListRow {
    let members = view.members.as_ref().map(|members| members.iter().map(member).collect());
    bongsu_wire::ListRow { members, ..list_row(&view.row) }
}

/// A member.
pub(crate) fn member(row: &MemberRow) -> MemberObject {
    let MemberRow { user, role, joined_ms, read_seq } = row;
    MemberObject { user: user.clone(), role: *role, joined_ms: *joined_ms, read_seq: *read_seq }
}

/// Changes of own rows, or `None` for a reset; and the revision they lead to.
pub(crate) fn changes(changes: OwnChanges) -> (Option<Vec<Change>>, UserRev) {
    match changes {
        OwnChanges::Rows { rows, user_rev } => (Some(rows.iter().map(change).collect()), user_rev),
        OwnChanges::Reset { user_rev } => (None, user_rev),
    }
}

fn change(row: &ChangedRow) -> Change {
    match row {
        ChangedRow::Row(row) => Change::Row(Box::new(list_row(row))),
        ChangedRow::Removed { room, user_rev } => Change::Removed { room: *room, user_rev: *user_rev },
    }
}

/// Presence of a user; an unknown last activity is 0.
pub(crate) fn presence(state: PresenceState) -> PresenceObject {
    PresenceObject { online: state.online, last_active_ms: state.last_active_ms.unwrap_or(Millis::ZERO) }
}
