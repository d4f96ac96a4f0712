//! Importing whole rooms, which nobody is in until they are complete.

use std::collections::BTreeSet;

use bongsu_types::{
    Head, Mentions, Message, MessageKind, Ordinal, Reaction, RecordBody, Retention, Room, RoomId, Seq,
};

use super::create_room::{check_members, empty_head};
use super::member::{self, Entry};
use crate::embedded::job::Mutation;
use crate::embedded::keys;
use crate::embedded::row::room::{Origin, StoredRoom};
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{ImportMember, ImportMessage, ImportRoom, ImportState, KeyScopeOfRoom, Refusal, StoreResult};

impl Mutation for ImportRoom {
    type Answer = ImportState;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<ImportState> {
        let key = keys::room_key(KeyScopeOfRoom::Global, &self.creator, &self.key);
        if let Some(room) = transaction.indexed_room(Table::Key, &key)? {
            return state_of(transaction, room).map(|(_, _, state)| state);
        }
        let id = RoomId::mint(transaction.now);
        if let Some((a, b)) = &self.pair {
            let pair = keys::pair(a, b);
            if transaction.get(Table::Pair, &pair)?.is_some() {
                return Err(Refusal::Conflict.into());
            }
            transaction.put(Table::Pair, &pair, keys::room(id).to_vec());
        }
        transaction.put(Table::Key, &key, keys::room(id).to_vec());
        let room = Room {
            id,
            kind: self.kind,
            key: Some(self.key),
            name: self.name,
            image: self.image,
            data: self.data,
            creator: self.creator,
            created_ms: self.created_ms,
            history_before_join: false,
            retention: Retention::History { days: None },
            pair: self.pair,
        };
        transaction.put_head(&empty_head(&room, 0));
        transaction.put_room(&StoredRoom { room, scope: KeyScopeOfRoom::Global, origin: Origin::Importing });
        Ok(ImportState { room: id, head_seq: Seq::ZERO, finished: false })
    }
}

/// The room of an import and how far it is; a room that was created here is a conflict.
fn state_of(transaction: &Transaction<'_, '_>, room: RoomId) -> StoreResult<(StoredRoom, Head, ImportState)> {
    let stored = transaction.require_room(room)?;
    let finished = match stored.origin {
        Origin::Created => return Err(Refusal::Conflict.into()),
        Origin::Importing => false,
        Origin::Imported => true,
    };
    let head = transaction.require_head(room)?;
    Ok((stored, head, ImportState { room, head_seq: head.seq, finished }))
}

/// Messages for a room being imported.
pub(crate) struct AppendImport {
    pub(crate) room: RoomId,
    pub(crate) after: Seq,
    pub(crate) messages: Vec<ImportMessage>,
}

impl Mutation for AppendImport {
    type Answer = ImportState;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<ImportState> {
        let (_, mut head, state) = state_of(transaction, self.room)?;
        if state.finished || head.seq != self.after {
            return Err(Refusal::Conflict.into());
        }
        if self.messages.is_empty() {
            return Ok(state);
        }
        let max = transaction.limits.reactions_per_message;
        for message in self.messages {
            let seq = head.seq.next();
            let (counts, held) = message.reactions_once();
            if counts.len() > max {
                return Err(Refusal::LimitReached { limit: "reactions_per_message", max: max as u64 }.into());
            }
            for (user, emoji) in held {
                let key = keys::reaction(self.room, seq, &user, &emoji);
                transaction.put(Table::Reaction, &key, Vec::new());
            }
            transaction.import_record(&mut head, &message.sender, message.at_ms, body(&message, seq, counts));
        }
        transaction.put_head(&head);
        Ok(ImportState { head_seq: head.seq, ..state })
    }
}

fn body(message: &ImportMessage, rev: Seq, reactions: Vec<Reaction>) -> RecordBody {
    RecordBody::Message(Box::new(Message {
        rev,
        kind: MessageKind::Message,
        client_id: message.client_id.clone(),
        text: message.text.clone(),
        edited_ms: message.edited_ms,
        deleted: false,
        reply_to: message.reply_to,
        mentions: Mentions::default(),
        reactions,
        data: message.data.clone(),
        silent: false,
        keep_unread: false,
    }))
}

/// The members of an imported room come in: from now on it is seen.
pub(crate) struct FinishImport {
    pub(crate) room: RoomId,
    pub(crate) members: Vec<ImportMember>,
}

impl Mutation for FinishImport {
    type Answer = ImportState;

    fn decide(mut self, transaction: &mut Transaction<'_, '_>) -> StoreResult<ImportState> {
        let (mut stored, mut head, state) = state_of(transaction, self.room)?;
        if state.finished {
            return Ok(state);
        }
        let mut seen = BTreeSet::new();
        self.members.retain(|member| seen.insert(member.user.clone()));
        check_members(transaction, stored.room.kind, stored.room.retention, self.members.len())?;
        stored.origin = Origin::Imported;
        transaction.put_room(&stored);
        head.members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        transaction.put_head(&head);
        for import in self.members {
            let read_seq = import.read_seq.unwrap_or(head.seq).min(head.seq);
            let read_ord = match read_seq {
                Seq::ZERO => Ordinal::ZERO,
                seq if seq == head.seq => head.ord,
                seq => transaction.record_ord(self.room, seq)?.ok_or(Refusal::MessageNotFound)?,
            };
            let entry = Entry {
                role: import.role,
                request: false,
                joined_seq: Seq(1),
                joined_ord: Ordinal::ZERO,
                joined_ms: transaction.now,
                read_seq,
                read_ord,
            };
            member::enter(transaction, &head, &import.user, entry)?;
            member::name_user(transaction, &import.user, &import.name)?;
        }
        Ok(ImportState { finished: true, ..state })
    }
}
