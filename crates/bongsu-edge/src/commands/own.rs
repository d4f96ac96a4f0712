//! What a user has of a room: accept it, mark it read or unread, settings.

use bongsu_service::{Service, SettingsChange};
use bongsu_types::Seq;
use bongsu_wire::{
    AcceptRoom, ChangeSettings, ListRow, MarkRead, MarkReadResult, MarkUnread, MarkUnreadResult,
    SettingsObject, SettingsResult, WireError,
};

use super::Caller;
use crate::convert;
use crate::error::wire_error;

pub(super) async fn accept(
    service: &Service,
    caller: &Caller,
    params: AcceptRoom,
) -> Result<ListRow, WireError> {
    let row = service.accept(caller.actor()?, params.room).await.map_err(wire_error)?;
    Ok(convert::list_row(&row))
}

pub(super) async fn mark_read(
    service: &Service,
    caller: &Caller,
    params: MarkRead,
) -> Result<MarkReadResult, WireError> {
    let MarkRead { room, seq } = params;
    service.mark_read(caller.actor()?, room, seq).await.map(convert::marked_read).map_err(wire_error)
}

pub(super) async fn mark_unread(
    service: &Service,
    caller: &Caller,
    params: MarkUnread,
) -> Result<MarkUnreadResult, WireError> {
    let user_rev = service.mark_unread(caller.actor()?, params.room).await.map_err(wire_error)?;
    Ok(MarkUnreadResult { marked_unread: true, user_rev })
}

pub(super) async fn settings(
    service: &Service,
    caller: &Caller,
    params: ChangeSettings,
) -> Result<SettingsResult, WireError> {
    let ChangeSettings { room, pinned, muted_until_ms, hidden, custom } = params;
    let change = SettingsChange { pinned, muted_until_ms, hidden, custom };
    let (settings, user_rev) =
        service.change_settings(caller.actor()?, room, change).await.map_err(wire_error)?;
    // A room that was hidden before is hidden still only if nothing came since.
    let head = match settings.hidden_seq {
        Some(_) => {
            service.heads(&[room]).await.map_err(wire_error)?.first().map_or(Seq::ZERO, |head| head.seq)
        }
        None => Seq::ZERO,
    };
    Ok(SettingsResult { settings: SettingsObject::new(&settings, head), user_rev })
}
