//! From what use cases answer to what clients see.

use bongsu_service::{
    ChangedRow, LastMessage, ListPage, ListRow, MemberRow, OwnChanges, PresenceState, ProfileCard, RoomView,
};
use bongsu_types::{Millis, UserRev};
use bongsu_wire::{Change, MemberObject, Peer, PresenceObject, RoomPage, SettingsObject};

/// A row of the chat list.
pub(crate) fn list_row(row: &ListRow) -> bongsu_wire::ListRow {
    let ListRow { own, head, card, peer, unread, mentions } = row;
    bongsu_wire::ListRow {
        room: head.room,
        kind: head.kind,
        key: card.key.clone(),
        name: card.name.clone(),
        image: card.image.clone(),
        data: card.data.clone(),
        peer: peer.as_deref().map(peer_of),
        last: row.last().map(last_message),
        head_seq: head.seq,
        head_ord: head.ord,
        read_seq: own.read_seq,
        read_ord: own.read_ord,
        joined_seq: own.joined_seq,
        floor_seq: head.floor_seq,
        unread: *unread,
        marked_unread: own.marked_unread,
        mentions: *mentions,
        role: own.role,
        request: own.request,
        settings: SettingsObject::new(&own.settings, head.seq),
        active_ms: head.active_ms,
        user_rev: own.user_rev,
        members: None,
    }
}

fn peer_of(profile: &ProfileCard) -> Peer {
    let ProfileCard { user, name, image } = profile;
    Peer { user: user.clone(), name: name.clone(), image: image.clone() }
}

fn last_message(last: &LastMessage) -> bongsu_wire::LastMessage {
    let LastMessage { seq, sender, kind, text, deleted, at_ms } = last;
    bongsu_wire::LastMessage {
        seq: *seq,
        sender: sender.clone(),
        kind: *kind,
        text: text.clone(),
        deleted: *deleted,
        at_ms: *at_ms,
    }
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
