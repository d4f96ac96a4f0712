//! Messages: send, edit, delete, react, history.

use bongsu_service::{
    Appended, Changed, DeleteRequest, EditRequest, HistoryFrom, HistoryRequest, ReactRequest, Service,
};
use bongsu_types::ReactionOp;
use bongsu_wire::{
    DeleteMessage, EditMessage, History, HistoryPage, HistoryPosition, React, SendMessage, SendResult,
    SeqResult, WireError,
};

use super::Caller;
use crate::convert;
use crate::error::wire_error;

pub(super) async fn send(
    service: &Service,
    caller: &Caller,
    params: SendMessage,
) -> Result<SendResult, WireError> {
    let SendMessage { room, client_id, text, attachments: _, reply_to, mentions, data, silent, keep_unread } =
        params;
    // Absent and false are one on the wire; the service chooses by who sends.
    let keep_unread = keep_unread.then_some(true);
    let request =
        bongsu_service::SendMessage { room, client_id, text, data, mentions, reply_to, silent, keep_unread };
    let appended = service.send(caller.actor()?, request).await.map_err(wire_error)?;
    let Appended { seq, ord, at_ms, duplicate } = appended;
    Ok(SendResult { seq, ord, at_ms, duplicate })
}

pub(super) async fn edit(
    service: &Service,
    caller: &Caller,
    params: EditMessage,
) -> Result<SeqResult, WireError> {
    let EditMessage { room, seq, client_id, text, data } = params;
    let request = EditRequest { room, seq, client_id, text, data };
    service.edit(caller.actor()?, request).await.map(record).map_err(wire_error)
}

pub(super) async fn delete(
    service: &Service,
    caller: &Caller,
    params: DeleteMessage,
) -> Result<SeqResult, WireError> {
    let DeleteMessage { room, seq, client_id } = params;
    let request = DeleteRequest { room, seq, client_id };
    service.delete(caller.actor()?, request).await.map(record).map_err(wire_error)
}

pub(super) async fn react(service: &Service, caller: &Caller, params: React) -> Result<SeqResult, WireError> {
    let React { room, seq, emoji, remove, client_id } = params;
    let op = if remove { ReactionOp::Remove } else { ReactionOp::Add };
    let request = ReactRequest { room, seq, emoji, op, client_id };
    service.react(caller.actor()?, request).await.map(record).map_err(wire_error)
}

pub(super) async fn history(
    service: &Service,
    caller: &Caller,
    params: History,
) -> Result<HistoryPage, WireError> {
    let from = match params.position() {
        HistoryPosition::Latest => HistoryFrom::Latest,
        HistoryPosition::Before(seq) => HistoryFrom::Before(seq),
        HistoryPosition::After(seq) => HistoryFrom::After(seq),
        HistoryPosition::Around(seq) => HistoryFrom::Around(seq),
    };
    let request = HistoryRequest { room: params.room, from, limit: params.limit.map(super::items) };
    service.history(caller.actor()?, request).await.map(convert::history_page).map_err(wire_error)
}

/// The answer of everything that appends a record.
pub(super) fn record(changed: Changed) -> SeqResult {
    SeqResult { seq: changed.seq }
}
