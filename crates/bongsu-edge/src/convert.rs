//! What the service answers, as objects of the protocol.

use bongsu_service::{
    ChangedRow, HistoryItem, HistoryPage, ListPage, ListRow, MarkedRead, MemberRow, MembersPage, OwnChanges,
    RoomView,
};
use bongsu_types::UserRev;
use bongsu_wire::{Change, MemberObject, MessageObject, RowParts};

/// A row of the chat list.
pub(crate) fn list_row(row: &ListRow) -> bongsu_wire::ListRow {
    let ListRow { own, head, details, unread: _, mentions: _ } = row;
    let parts = RowParts {
        room: &details.room,
        head,
        own,
        everyone: &details.everyone,
        peer: details.peer.as_ref(),
        last: details.last.as_ref(),
    };
    parts.into()
}

/// A row with the members of its room, if that is small.
pub(crate) fn room_view(view: &RoomView) -> bongsu_wire::ListRow {
    let mut row = list_row(&view.row);
    row.members = view.members.as_ref().map(|members| members.iter().map(member).collect());
    row
}

/// A page of the chat list.
pub(crate) fn room_page(page: ListPage) -> bongsu_wire::RoomPage {
    let ListPage { rows, unread_total, cursor } = page;
    bongsu_wire::RoomPage { rooms: rows.iter().map(list_row).collect(), unread_total, cursor }
}

/// Changes of the chat list, `None` for a reset, and the revision they lead to.
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

/// A page of members.
pub(crate) fn member_page(page: MembersPage) -> bongsu_wire::MemberPage {
    let MembersPage { members, cursor } = page;
    bongsu_wire::MemberPage { members: members.iter().map(member).collect(), cursor }
}

fn member(row: &MemberRow) -> MemberObject {
    let MemberRow { user, role, joined_ms, read_seq } = row;
    MemberObject { user: user.clone(), role: *role, joined_ms: *joined_ms, read_seq: *read_seq }
}

/// A page of history.
pub(crate) fn history_page(page: HistoryPage) -> bongsu_wire::HistoryPage {
    let HistoryPage { messages, covered, more, floor_seq, head_seq } = page;
    let message = |item: &HistoryItem| MessageObject::new(&item.record, &item.mine);
    bongsu_wire::HistoryPage {
        messages: messages.iter().filter_map(message).collect(),
        from_seq: covered.map(|(from, _)| from),
        to_seq: covered.map(|(_, to)| to),
        more,
        floor_seq,
        head_seq,
    }
}

/// The answer to `room.mark_read`.
pub(crate) fn marked_read(marked: MarkedRead) -> bongsu_wire::MarkReadResult {
    let MarkedRead { head_seq, read_seq, read_ord, unread, marked_unread, user_rev } = marked;
    bongsu_wire::MarkReadResult { head_seq, read_seq, read_ord, unread, marked_unread, user_rev }
}
