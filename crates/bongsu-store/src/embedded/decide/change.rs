//! Changing a message: edit, delete, react.

use bongsu_types::{
    Emoji, Head, Message, Millis, Ordinal, Reaction, ReactionOp, RecordBody, Role, RoomId, Seq, UserId,
};

use crate::embedded::job::Mutation;
use crate::embedded::keys::{self, Due};
use crate::embedded::row::log::StoredRecord;
use crate::embedded::row::own::StoredOwn;
use crate::embedded::row::reply::StoredReply;
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{Changed, DeleteMessage, EditMessage, Once, React, Refusal, StoreResult};

/// A message in what the member may see, deleted or not.
pub(super) fn visible_message(
    transaction: &Transaction<'_, '_>,
    own: &StoredOwn,
    target: Seq,
) -> StoreResult<StoredRecord> {
    let room = transaction.require_room(own.row.room)?.room;
    if !own.row.visible(room.history_before_join).contains(target) {
        return Err(Refusal::MessageNotFound.into());
    }
    let found = transaction.record(room.id, target)?;
    found
        .filter(|stored| stored.record.body.message().is_some())
        .ok_or_else(|| Refusal::MessageNotFound.into())
}

/// The reply to a repetition of a change.
pub(super) fn repeated(
    transaction: &Transaction<'_, '_>,
    room: RoomId,
    actor: &UserId,
    once: Option<&Once>,
) -> StoreResult<Option<Changed>> {
    let Some(once) = once else { return Ok(None) };
    let reply = transaction.first_reply(room, actor, once)?;
    Ok(reply.map(|reply| Changed { seq: reply.seq, duplicate: true }))
}

/// Answers a change that wrote the record `seq`, which carries its key.
pub(super) fn changed(
    transaction: &mut Transaction<'_, '_>,
    room: RoomId,
    actor: &UserId,
    once: Option<&Once>,
    seq: Seq,
) -> Changed {
    if let Some(once) = once {
        let reply = StoredReply { request: once.request, seq, ord: Ordinal::ZERO, at_ms: Millis::ZERO };
        transaction.put_reply(room, actor, &once.client_id, &reply);
    }
    Changed { seq, duplicate: false }
}

/// Answers a change that changed nothing: its key has no record to go with and is due by age.
pub(super) fn unchanged(
    transaction: &mut Transaction<'_, '_>,
    room: RoomId,
    actor: &UserId,
    once: Option<&Once>,
    seq: Seq,
) -> Changed {
    if let Some(once) = once {
        let due = Due::Once(keys::once(room, actor, &once.client_id));
        transaction.put_due(transaction.now.plus(transaction.offline_ms()), &due);
    }
    changed(transaction, room, actor, once, seq)
}

/// A message about to be changed by one of its readers.
struct Change {
    actor: UserId,
    once: Option<Once>,
    head: Head,
    stored: StoredRecord,
    message: Message,
}

impl Change {
    fn begin(
        transaction: &Transaction<'_, '_>,
        own: &StoredOwn,
        target: Seq,
        once: Option<Once>,
    ) -> StoreResult<Self> {
        let stored = visible_message(transaction, own, target)?;
        let RecordBody::Message(message) = &stored.record.body else {
            return Err(Refusal::MessageNotFound.into());
        };
        let message = Message::clone(message);
        let head = transaction.require_head(own.row.room)?;
        Ok(Self { actor: own.row.user.clone(), once, head, stored, message })
    }

    /// Writes the record of the change and the message as it is now.
    fn write(mut self, transaction: &mut Transaction<'_, '_>, body: RecordBody) -> Changed {
        let once = self.once.as_ref().map(|once| &once.client_id);
        let is_edit = matches!(body, RecordBody::Edited { .. });
        let before = self.stored.edit.filter(|_| is_edit);
        let record = transaction.append_linked(&mut self.head, &self.actor, body, once, before);
        transaction.put_head(&self.head);
        self.message.rev = record.seq;
        if is_edit {
            self.stored.edit = Some(record.seq);
        }
        self.stored.record.body = RecordBody::Message(Box::new(self.message));
        transaction.rewrite_record(&self.stored);
        changed(transaction, record.room, &self.actor, self.once.as_ref(), record.seq)
    }

    /// Takes what the edits of the message said out of the log, where they would be replayed. Their places stay.
    fn blank_edits(&self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        let mut next = self.stored.edit;
        while let Some(seq) = next {
            let Some(mut stored) = transaction.record(self.head.room, seq)? else { return Ok(()) };
            if let RecordBody::Edited { text, data, .. } = &mut stored.record.body {
                (*text, *data) = (None, None);
                transaction.rewrite_record(&stored);
            }
            // Backwards only: a damaged row must not hold up the committer for ever.
            next = stored.edit.filter(|before| *before < seq);
        }
        Ok(())
    }

    fn write_nothing(self, transaction: &mut Transaction<'_, '_>) -> Changed {
        unchanged(transaction, self.head.room, &self.actor, self.once.as_ref(), self.message.rev)
    }
}

impl Mutation for EditMessage {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        if let Some(changed) = repeated(transaction, self.room, &self.actor, self.once.as_ref())? {
            return Ok(changed);
        }
        let own = transaction.require_member(&self.actor, self.room)?;
        let mut change = Change::begin(transaction, &own, self.target, self.once)?;
        if change.message.deleted {
            return Err(Refusal::MessageNotFound.into());
        }
        if change.stored.record.actor != self.actor {
            return Err(Refusal::Forbidden.into());
        }
        let text = self.text.filter(|text| *text != change.message.text);
        // `{}` clears.
        let given = |data: &bongsu_types::JsonObject| Some(data.clone()).filter(|data| !data.is_empty());
        let data = self.data.filter(|data| given(data) != change.message.data);
        if text.is_none() && data.is_none() {
            return Ok(change.write_nothing(transaction));
        }
        if let Some(text) = &text {
            change.message.text.clone_from(text);
        }
        if let Some(data) = &data {
            change.message.data = given(data);
        }
        if change.message.text.is_empty() && change.message.data.is_none() {
            return Err(Refusal::EmptyMessage.into());
        }
        let edited_ms = transaction.now;
        change.message.edited_ms = Some(edited_ms);
        Ok(change.write(transaction, RecordBody::Edited { target: self.target, text, data, edited_ms }))
    }
}

impl Mutation for DeleteMessage {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        if let Some(changed) = repeated(transaction, self.room, &self.actor, self.once.as_ref())? {
            return Ok(changed);
        }
        let own = transaction.require_member(&self.actor, self.room)?;
        let mut change = Change::begin(transaction, &own, self.target, self.once)?;
        if change.stored.record.actor != self.actor && own.row.role < Role::Admin {
            return Err(Refusal::Forbidden.into());
        }
        if change.message.deleted {
            return Ok(change.write_nothing(transaction));
        }
        if !change.message.reactions.is_empty() {
            for key in reaction_keys(transaction, self.room, self.target)? {
                transaction.remove(Table::Reaction, &key);
            }
        }
        change.blank_edits(transaction)?;
        let message = &mut change.message;
        message.deleted = true;
        message.text.clear();
        message.data = None;
        message.mentions = bongsu_types::Mentions::default();
        message.reactions.clear();
        Ok(change.write(transaction, RecordBody::Deleted { target: self.target }))
    }
}

/// Keys of all reactions to a message.
pub(super) fn reaction_keys(
    transaction: &Transaction<'_, '_>,
    room: RoomId,
    target: Seq,
) -> StoreResult<Vec<Vec<u8>>> {
    let prefix = keys::reactions(room, target);
    let mut found = Vec::new();
    transaction.scan(Table::Reaction, &prefix, &prefix, &mut |key, _| {
        found.push(key.to_vec());
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found)
}

impl Mutation for React {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        if let Some(changed) = repeated(transaction, self.room, &self.actor, self.once.as_ref())? {
            return Ok(changed);
        }
        let own = transaction.require_member(&self.actor, self.room)?;
        let mut change = Change::begin(transaction, &own, self.target, self.once)?;
        if change.message.deleted {
            return Err(Refusal::MessageNotFound.into());
        }
        let key = keys::reaction(self.room, self.target, &self.actor, &self.emoji);
        let holds = transaction.get(Table::Reaction, &key)?.is_some();
        match (self.op, holds) {
            (ReactionOp::Add, true) | (ReactionOp::Remove, false) => {
                return Ok(change.write_nothing(transaction));
            }
            (ReactionOp::Add, false) => {
                let max = transaction.limits.reactions_per_message;
                count_up(&mut change.message.reactions, &self.emoji, max)?;
                transaction.put(Table::Reaction, &key, Vec::new());
            }
            (ReactionOp::Remove, true) => {
                count_down(&mut change.message.reactions, &self.emoji);
                transaction.remove(Table::Reaction, &key);
            }
        }
        let body = RecordBody::Reaction { target: self.target, emoji: self.emoji, op: self.op };
        Ok(change.write(transaction, body))
    }
}

fn count_up(reactions: &mut Vec<Reaction>, emoji: &Emoji, max: usize) -> StoreResult<()> {
    if let Some(reaction) = reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
        reaction.count += 1;
        return Ok(());
    }
    if reactions.len() >= max {
        return Err(Refusal::LimitReached { limit: "reactions_per_message", max: max as u64 }.into());
    }
    reactions.push(Reaction { emoji: emoji.clone(), count: 1 });
    Ok(())
}

fn count_down(reactions: &mut Vec<Reaction>, emoji: &Emoji) {
    if let Some(reaction) = reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
        reaction.count = reaction.count.saturating_sub(1);
    }
    reactions.retain(|reaction| reaction.count > 0);
}
