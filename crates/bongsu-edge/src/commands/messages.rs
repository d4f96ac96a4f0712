//! Messages: send, edit, delete, react, history.

use bongsu_service::{
    Actor, DeleteRequest, EditRequest, HistoryFrom, HistoryRequest, ReactRequest, SendMessage, Service,
};
use bongsu_types::ReactionOp;
use bongsu_wire::{
    DeleteMessage, EditMessage, History, HistoryPage, HistoryPosition, MessageObject, React, SendResult,
    SeqResult,
};

use super::{Answer, answer, limit};

/// `message.send`.
pub(crate) async fn send(
    service: &Service,
    actor: &Actor,
    params: bongsu_wire::SendMessage,
) -> Answer<SendResult> {
    let message = SendMessage {
        room: params.room,
        client_id: params.client_id,
        text: params.text,
        data: params.data,
        mentions: params.mentions,
        reply_to: params.reply_to,
        silent: params.silent,
        keep_unread: params.keep_unread.then_some(true),
    };
    let appended = answer(service.send(actor, message).await)?;
    Ok(SendResult {
        seq: appended.seq,
        ord: appended.ord,
        at_ms: appended.at_ms,
        duplicate: appended.duplicate,
    })
}

/// `message.edit`.
pub(crate) async fn edit(service: &Service, actor: &Actor, params: EditMessage) -> Answer<SeqResult> {
    let EditMessage { room, seq, client_id, text, data } = params;
    let changed = answer(service.edit(actor, EditRequest { room, seq, client_id, text, data }).await)?;
    Ok(SeqResult { seq: changed.seq })
}

/// `message.delete`.
pub(crate) async fn delete(service: &Service, actor: &Actor, params: DeleteMessage) -> Answer<SeqResult> {
    let DeleteMessage { room, seq, client_id } = params;
    let changed = answer(service.delete(actor, DeleteRequest { room, seq, client_id }).await)?;
    Ok(SeqResult { seq: changed.seq })
}

/// `message.react`.
pub(crate) async fn react(service: &Service, actor: &Actor, params: React) -> Answer<SeqResult> {
    let React { room, seq, emoji, remove, client_id } = params;
    let op = if remove { ReactionOp::Remove } else { ReactionOp::Add };
    let changed = answer(service.react(actor, ReactRequest { room, seq, emoji, op, client_id }).await)?;
    Ok(SeqResult { seq: changed.seq })
}

/// `message.history`.
pub(crate) async fn history(service: &Service, actor: &Actor, params: History) -> Answer<HistoryPage> {
    let from = match params.position() {
        HistoryPosition::Latest => HistoryFrom::Latest,
        HistoryPosition::Before(seq) => HistoryFrom::Before(seq),
        HistoryPosition::After(seq) => HistoryFrom::After(seq),
        HistoryPosition::Around(seq) => HistoryFrom::Around(seq),
    };
    let request = HistoryRequest { room: params.room, from, limit: limit(params.limit) };
    let page = answer(service.history(actor, request).await)?;
    let messages = page.messages.iter().filter_map(|item| MessageObject::new(&item.record, &item.mine));
    Ok(HistoryPage {
        messages: messages.collect(),
        from_seq: page.covered.map(|(from, _)| from),
        to_seq: page.covered.map(|(_, to)| to),
        more: page.more,
        floor_seq: page.floor_seq,
        head_seq: page.head_seq,
    })
}
