//! What points at rooms and records: pairs, keys, first replies, dues, and the tail.

use bongsu_types::{ClientId, CommitNo, Millis, Ordinal, RoomId, Seq, TailKind, TailRef, UserId};

use super::Check;
use crate::StoreResult;
use crate::embedded::keys;
use crate::embedded::row::reply::{StoredReply, decode_reply};
use crate::embedded::row::room::StoredRoom;
use crate::embedded::row::tail::{decode_commit, decode_consumer};
use crate::embedded::source::Source;
use crate::embedded::table::Table;

/// The name a room has to have in a table, if it has to have one.
type NameOf = fn(&StoredRoom) -> Option<Vec<u8>>;

/// Tables that name rooms.
const INDEXES: [(Table, NameOf); 2] = [(Table::Pair, pair_of), (Table::Key, key_of)];

impl Check<'_> {
    pub(super) fn indexes(&mut self) -> StoreResult<()> {
        self.begin("keys");
        for (table, name_of) in INDEXES {
            let decode = |key: &[u8], value: &[u8]| Ok((key.to_vec(), keys::room_of(value)?));
            self.each(table, &[], decode, |check, (key, room)| {
                let stored = check.view.room(room);
                let named = check.found(stored).and_then(|stored| name_of(&stored));
                check.expect(named.as_ref() == Some(&key), || {
                    format!("table {} names room {room}, which has another name", table.name())
                });
            })?;
        }
        self.each(
            Table::Room,
            &[],
            |key, _| keys::room_of(key),
            |check, room| {
                let stored = check.view.room(room);
                let Some(stored) = check.found(stored) else { return };
                for (table, name_of) in INDEXES {
                    check.is_found_by(table, room, name_of(&stored));
                }
            },
        )?;
        self.begin("replies");
        let decode = |key: &[u8], value: &[u8]| Ok((keys::once_parts(key)?, decode_reply(value)?));
        self.each(Table::Once, &[], decode, |check, ((room, actor, client_id), reply)| {
            check.report.counts.replies += 1;
            check.reply(room, &actor, &client_id, &reply);
        })?;
        self.each(Table::Due, &[], |key, _| keys::due_parts(key), |_, _| {})?;
        self.tail()
    }

    /// A room that has a name is found by it.
    fn is_found_by(&mut self, table: Table, room: RoomId, name: Option<Vec<u8>>) {
        let Some(name) = name else { return };
        let named = self.view.indexed_room(table, &name);
        let named = self.found(named);
        self.expect(named == Some(room), || format!("room {room} is not found in table {}", table.name()));
    }

    /// A first reply names a record of its room, and that of an append the very message.
    fn reply(&mut self, room: RoomId, actor: &UserId, client_id: &ClientId, reply: &StoredReply) {
        let head = self.view.head(room);
        let Some(head) = self.found(head) else {
            self.fault(format!("a key of {actor} names room {room}, which does not exist"));
            return;
        };
        self.expect(reply.seq <= head.seq, || {
            format!("room {room}: a key of {actor} answered {}, beyond the head", reply.seq)
        });
        let is_change = reply.at_ms == Millis::ZERO && reply.ord == Ordinal::ZERO;
        if is_change || reply.seq <= head.floor_seq {
            return;
        }
        let record = self.view.record(room, reply.seq);
        let record = self.found(record).map(|stored| stored.record);
        let is_same = record.is_some_and(|record| {
            let message = record.body.message().map(|message| &message.client_id);
            message == Some(client_id) && record.actor == *actor && record.ord == reply.ord
        });
        self.expect(is_same, || {
            format!("room {room}: a key of {actor} answered {}, another record", reply.seq)
        });
    }

    /// Commits are dense up to the last, and their refs name what exists.
    fn tail(&mut self) -> StoreResult<()> {
        self.begin("tail");
        let last = self.view.last_commit()?;
        let mut before: Option<CommitNo> = None;
        let decode = |key: &[u8], value: &[u8]| {
            let commit = keys::commit_of(key)?;
            Ok((commit, decode_commit(commit, value)?))
        };
        self.each(Table::Tail, &[], decode, |check, (commit, stored)| {
            check.report.counts.commits += 1;
            check.expect(before.is_none_or(|before| before.next() == commit), || {
                format!("commits between {} and {commit} are missing", before.unwrap_or_default())
            });
            before = Some(commit);
            for tail_ref in &stored.refs {
                check.tail_ref(tail_ref);
            }
        })?;
        self.expect(before.is_none_or(|before| before == last), || {
            format!("the last commit is {last}, the tail ends at {}", before.unwrap_or_default())
        });
        let decode = |_: &[u8], value: &[u8]| decode_consumer(value);
        self.each(Table::Consumer, &[], decode, |_, _| {})
    }

    fn tail_ref(&mut self, tail_ref: &TailRef) {
        let (commit, room, seq) = (tail_ref.commit, tail_ref.room, tail_ref.seq);
        let head = self.view.head(room);
        let head_seq = self.found(head).map(|head| head.seq);
        self.expect(head_seq.is_some_and(|head_seq: Seq| seq <= head_seq), || {
            format!("commit {commit} names record {seq} of room {room}, which is not there")
        });
        match &tail_ref.kind {
            TailKind::Record => {}
            TailKind::Own { user, user_rev } => {
                let rev = self.view.user_rev(user).map(Some);
                let rev = self.found(rev).unwrap_or_default();
                self.expect(*user_rev <= rev, || {
                    format!("commit {commit} names revision {user_rev} of {user}, who is at {rev}")
                });
            }
        }
    }
}

fn pair_of(stored: &StoredRoom) -> Option<Vec<u8>> {
    stored.room.pair.as_ref().map(|(a, b)| keys::pair(a, b))
}

fn key_of(stored: &StoredRoom) -> Option<Vec<u8>> {
    let room = &stored.room;
    room.key.as_ref().map(|key| keys::room_key(stored.scope, &room.creator, key))
}
