//! Appending a message: the one write of the send path.

use bongsu_types::{Head, MENTIONS_KEPT, Message, Ordinal, OwnChange, RecordBody, Role, Seq, UserId};

use super::change::visible_message;
use crate::embedded::job::Mutation;
use crate::embedded::keys;
use crate::embedded::row::own::StoredOwn;
use crate::embedded::row::reply::StoredReply;
use crate::embedded::row::room::encode_everyone;
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{AppendMessage, Appended, Refusal, StoreResult};

impl Mutation for AppendMessage {
    type Answer = Appended;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Appended> {
        if let Some(reply) = transaction.first_reply(self.room, &self.sender, &self.once)? {
            return Ok(Appended { seq: reply.seq, ord: reply.ord, at_ms: reply.at_ms, duplicate: true });
        }
        let mut own = transaction.require_member(&self.sender, self.room)?;
        if self.mentions.all && own.row.role < Role::Admin {
            return Err(Refusal::Forbidden.into());
        }
        if let Some(target) = self.reply_to {
            let target = visible_message(transaction, &own, target)?;
            if target.record.body.message().is_none_or(|message| message.deleted) {
                return Err(Refusal::MessageNotFound.into());
            }
        }
        let mut head = transaction.require_head(self.room)?;
        let keep_unread = self.keep_unread;
        let (sender, once) = (self.sender.clone(), self.once.clone());
        let body = RecordBody::Message(Box::new(message(self, head.seq.next())));
        let record = transaction.append_record(&mut head, &sender, body, None);
        transaction.put_head(&head);

        let reply =
            StoredReply { request: once.request, seq: record.seq, ord: record.ord, at_ms: record.at_ms };
        transaction.put_reply(record.room, &sender, &once.client_id, &reply);
        advance_sender(transaction, &mut own, &head, keep_unread)?;
        if let RecordBody::Message(message) = &record.body
            && message.is_countable()
        {
            call_on(transaction, &head, message)?;
        }
        Ok(Appended { seq: record.seq, ord: record.ord, at_ms: record.at_ms, duplicate: false })
    }
}

fn message(request: AppendMessage, seq: Seq) -> Message {
    Message {
        rev: seq,
        kind: request.kind,
        client_id: request.once.client_id,
        text: request.text,
        edited_ms: None,
        deleted: false,
        reply_to: request.reply_to,
        mentions: request.mentions,
        reactions: Vec::new(),
        data: request.data,
        silent: request.silent,
        keep_unread: request.keep_unread,
    }
}

/// Who speaks has read, and has accepted. The mark alone is no own fact: a client moves it by its own message.
fn advance_sender(
    transaction: &mut Transaction<'_, '_>,
    own: &mut StoredOwn,
    head: &Head,
    keep_unread: bool,
) -> StoreResult<()> {
    let accepts = own.row.request;
    let clears = !keep_unread && own.row.marked_unread;
    if !keep_unread {
        own.row.read_seq = head.seq;
        own.row.read_ord = head.ord;
        own.row.mentions.clear();
        own.row.marked_unread = false;
    }
    if accepts {
        super::accept::accept(transaction, own, head)?;
    }
    if clears {
        let change = OwnChange::Read {
            read_seq: own.row.read_seq,
            read_ord: own.row.read_ord,
            unread: own.row.unread(head),
            marked_unread: false,
        };
        transaction.own_fact(own, head.seq, change)?;
    }
    if !keep_unread && !accepts && !clears {
        transaction.put_own(own);
    }
    Ok(())
}

/// Notes a countable message with those it calls on: members only, whoever has not read it yet.
fn call_on(transaction: &mut Transaction<'_, '_>, head: &Head, message: &Message) -> StoreResult<()> {
    if message.mentions.all {
        let mut everyone = transaction.everyone(head.room)?;
        keep_latest(&mut everyone, head.ord);
        transaction.put(Table::Everyone, &keys::room(head.room), encode_everyone(&everyone));
    }
    for user in &message.mentions.users {
        note_mention(transaction, head, user)?;
    }
    Ok(())
}

fn note_mention(transaction: &mut Transaction<'_, '_>, head: &Head, user: &UserId) -> StoreResult<()> {
    let Some(mut own) = transaction.member_own(user, head.room)? else { return Ok(()) };
    if own.row.read_ord >= head.ord {
        return Ok(());
    }
    keep_latest(&mut own.row.mentions, head.ord);
    transaction.put_own(&own);
    Ok(())
}

fn keep_latest(ords: &mut Vec<Ordinal>, ord: Ordinal) {
    if ords.last() == Some(&ord) {
        return;
    }
    ords.push(ord);
    if ords.len() > MENTIONS_KEPT {
        ords.remove(0);
    }
}
