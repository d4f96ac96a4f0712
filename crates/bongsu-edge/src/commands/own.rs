//! What a user has of a room: read marks, settings, and what changed since.

use bongsu_service::{Actor, Service, SettingsChange};
use bongsu_types::Seq;
use bongsu_wire::{
    ChangeSettings, ChangesResult, MarkRead, MarkReadResult, MarkUnread, MarkUnreadResult, RoomChanges,
    SettingsObject, SettingsResult,
};

use super::{Answer, answer};
use crate::convert;

/// `room.mark_read`.
pub(crate) async fn mark_read(service: &Service, actor: &Actor, params: MarkRead) -> Answer<MarkReadResult> {
    let marked = answer(service.mark_read(actor, params.room, params.seq).await)?;
    Ok(MarkReadResult {
        head_seq: marked.head_seq,
        read_seq: marked.read_seq,
        read_ord: marked.read_ord,
        unread: marked.unread,
        marked_unread: marked.marked_unread,
        user_rev: marked.user_rev,
    })
}

/// `room.mark_unread`.
pub(crate) async fn mark_unread(
    service: &Service,
    actor: &Actor,
    params: MarkUnread,
) -> Answer<MarkUnreadResult> {
    let user_rev = answer(service.mark_unread(actor, params.room).await)?;
    Ok(MarkUnreadResult { marked_unread: true, user_rev })
}

/// `room.settings`.
pub(crate) async fn settings(
    service: &Service,
    actor: &Actor,
    params: ChangeSettings,
) -> Answer<SettingsResult> {
    let ChangeSettings { room, pinned, muted_until_ms, hidden, custom } = params;
    let change = SettingsChange { pinned, muted_until_ms, hidden, custom };
    let (settings, user_rev) = answer(service.change_settings(actor, room, change).await)?;
    // Only a room that was hidden has to be compared with its head.
    let head = match settings.hidden_seq {
        Some(_) => answer(service.heads(&[room]).await)?.first().map_or(Seq::ZERO, |head| head.seq),
        None => Seq::ZERO,
    };
    Ok(SettingsResult { settings: SettingsObject::new(&settings, head), user_rev })
}

/// `room.changes`.
pub(crate) async fn changes(service: &Service, actor: &Actor, params: RoomChanges) -> Answer<ChangesResult> {
    let (changes, user_rev) = convert::changes(answer(service.changes(actor, params.since).await)?);
    Ok(ChangesResult { list_reset: changes.is_none(), changes, user_rev })
}
