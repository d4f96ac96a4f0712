//! One command being decided: what it reads and writes, and the facts and refs its commit will carry.

use std::sync::Arc;

use bongsu_types::{
    ClientId, CommitNo, Committed, Epoch, Fact, Head, Limits, Millis, OwnChange, OwnFact, OwnRow, Profile,
    Record, RecordBody, RoomId, Seq, TailKind, UserId, UserRev,
};
use fjall::UserValue;

use super::keys::{self, Due};
use super::overlay::Overlay;
use super::row::log::{StoredRecord, encode_record};
use super::row::own::{StoredMember, StoredOwn, encode_member, encode_own};
use super::row::people::{
    Cursors, StoredDevice, UserState, encode_cursors, encode_device, encode_profile, encode_user,
};
use super::row::reply::{StoredReply, encode_reply};
use super::row::room::{StoredRoom, encode_head, encode_room};
use super::row::tail::encode_commit;
use super::source::{Source, Visit};
use super::table::Table;
use crate::{Once, Refusal, StoreResult};

/// What is the same for every command of a batch.
pub(crate) struct Context<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) epoch: Epoch,
    pub(crate) now: Millis,
}

/// One command being decided.
pub(crate) struct Transaction<'a, 'o> {
    pub(crate) limits: &'a Limits,
    pub(crate) epoch: Epoch,
    /// Time of everything this command writes.
    pub(crate) now: Millis,
    /// Number of its commit, if it writes.
    commit: CommitNo,
    counted: bool,
    overlay: &'a mut Overlay<'o>,
    facts: Vec<Fact>,
    refs: Vec<(RoomId, Seq, TailKind)>,
}

impl<'a, 'o> Transaction<'a, 'o> {
    pub(crate) fn begin(context: &'a Context<'_>, overlay: &'a mut Overlay<'o>, commit: CommitNo) -> Self {
        Self {
            limits: context.limits,
            epoch: context.epoch,
            now: context.now,
            commit,
            counted: true,
            overlay,
            facts: Vec::new(),
            refs: Vec::new(),
        }
    }

    /// Keeps what was written. `None` when that is nothing, or takes no commit number.
    pub(crate) fn finish(self) -> Option<Committed> {
        if !self.overlay.is_changed() {
            return None;
        }
        if self.counted {
            self.overlay.put(Table::Tail, &keys::commit(self.commit), encode_commit(self.now, &self.refs));
        }
        self.overlay.mark();
        self.counted.then_some(Committed { epoch: self.epoch, commit: self.commit, facts: self.facts })
    }

    /// Takes back what was written.
    pub(crate) fn roll_back(self) {
        self.overlay.roll_back();
    }

    /// This write is no commit: it is about the tail itself, and would feed those who follow it.
    pub(crate) fn uncounted(&mut self) {
        self.counted = false;
    }

    pub(crate) fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.overlay.put(table, key, value);
    }

    pub(crate) fn remove(&mut self, table: Table, key: &[u8]) {
        self.overlay.remove(table, key);
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    pub(crate) fn put_room(&mut self, stored: &StoredRoom) {
        self.put(Table::Room, &keys::room(stored.room.id), encode_room(stored));
    }

    pub(crate) fn put_head(&mut self, head: &Head) {
        self.put(Table::Head, &keys::room(head.room), encode_head(head));
    }

    pub(crate) fn put_own(&mut self, own: &StoredOwn) {
        self.put(Table::Own, &keys::own(&own.row.user, own.row.room), encode_own(own));
    }

    pub(crate) fn put_member(&mut self, own: &StoredOwn) {
        let OwnRow { role, joined_seq, joined_ms, .. } = own.row;
        let member = StoredMember { role, joined_seq, joined_ms };
        self.put(Table::Member, &keys::member(own.row.room, &own.row.user), encode_member(member));
    }

    pub(crate) fn put_user(&mut self, user: &UserId, state: &UserState) {
        self.put(Table::User, user.as_str().as_bytes(), encode_user(state));
    }

    /// Writes a profile that differs from what was there, and says so.
    pub(crate) fn change_profile(&mut self, profile: &Profile) {
        self.facts.push(Fact::ProfileChanged { user: profile.user.clone() });
        self.put(Table::Profile, profile.user.as_str().as_bytes(), encode_profile(profile));
    }

    pub(crate) fn put_device(&mut self, user: &UserId, stored: &StoredDevice) {
        self.put(Table::Device, &keys::device(user, &stored.device.info.id), encode_device(stored));
    }

    pub(crate) fn put_cursors(&mut self, key: &[u8], cursors: &Cursors) {
        self.put(Table::Cursor, key, encode_cursors(cursors));
    }

    pub(crate) fn put_due(&mut self, at: Millis, what: &Due) {
        self.put(Table::Due, &keys::due(at, what), Vec::new());
    }

    /// Writes the next record of a room: head, log, fact and ref. The caller stores the head when it is done with it.
    pub(crate) fn append_record(
        &mut self,
        head: &mut Head,
        actor: &UserId,
        body: RecordBody,
        once: Option<&ClientId>,
    ) -> Arc<Record> {
        self.append_linked(head, actor, body, once, None)
    }

    /// The same for a record that may be an edit, with the edit of the message before it.
    pub(crate) fn append_linked(
        &mut self,
        head: &mut Head,
        actor: &UserId,
        body: RecordBody,
        once: Option<&ClientId>,
        edit: Option<Seq>,
    ) -> Arc<Record> {
        let record = Arc::new(self.log_record(head, actor, self.now, body, once, edit));
        self.refs.push((head.room, head.seq, TailKind::Record));
        self.facts.push(Fact::Record(Arc::clone(&record)));
        record
    }

    /// The same for a room that nobody sees yet: no fact, no ref, and a time of its own.
    pub(crate) fn import_record(&mut self, head: &mut Head, actor: &UserId, at_ms: Millis, body: RecordBody) {
        self.log_record(head, actor, at_ms, body, None, None);
    }

    fn log_record(
        &mut self,
        head: &mut Head,
        actor: &UserId,
        at_ms: Millis,
        body: RecordBody,
        once: Option<&ClientId>,
        edit: Option<Seq>,
    ) -> Record {
        head.seq = head.seq.next();
        if let Some(message) = body.message() {
            head.last_message = head.seq;
            if message.is_countable() {
                head.ord = head.ord.next();
            }
            if !message.silent {
                head.active_ms = at_ms;
            }
        }
        let record =
            Record { room: head.room, seq: head.seq, ord: head.ord, at_ms, actor: actor.clone(), body };
        let stored = StoredRecord { commit: self.commit, once: once.cloned(), edit, record };
        self.rewrite_record(&stored);
        stored.record
    }

    /// Writes a record in its current state, under the commit that first wrote it.
    pub(crate) fn rewrite_record(&mut self, stored: &StoredRecord) {
        let key = keys::log(stored.record.room, stored.record.seq);
        self.put(Table::Log, &key, encode_record(stored));
    }

    /// Stamps an own row with the user's next revision, stores it, and says so to the user's devices.
    pub(crate) fn own_fact(
        &mut self,
        own: &mut StoredOwn,
        head_seq: Seq,
        change: OwnChange,
    ) -> StoreResult<UserRev> {
        let (user, room) = (own.row.user.clone(), own.row.room);
        let mut state = self.user(&user)?.unwrap_or_default();
        state.rev = state.rev.next();
        if own.row.user_rev > UserRev::ZERO {
            self.remove(Table::Change, &keys::change(&user, own.row.user_rev));
        }
        own.row.user_rev = state.rev;
        self.put(Table::Change, &keys::change(&user, state.rev), keys::room(room).to_vec());
        self.put_user(&user, &state);
        self.put_own(own);
        self.refs.push((room, head_seq, TailKind::Own { user: user.clone(), user_rev: state.rev }));
        self.facts.push(Fact::Own(OwnFact { user, room, user_rev: state.rev, change }));
        Ok(state.rev)
    }

    /// The first reply under this key, if there was one. Another request under it is a conflict.
    pub(crate) fn first_reply(
        &self,
        room: RoomId,
        actor: &UserId,
        once: &Once,
    ) -> StoreResult<Option<StoredReply>> {
        match self.reply(room, actor, &once.client_id)? {
            Some(reply) if reply.request != once.request => Err(Refusal::Conflict.into()),
            found => Ok(found),
        }
    }

    pub(crate) fn put_reply(
        &mut self,
        room: RoomId,
        actor: &UserId,
        client_id: &ClientId,
        reply: &StoredReply,
    ) {
        self.put(Table::Once, &keys::once(room, actor, client_id), encode_reply(reply));
    }

    /// Days that a device may be away, in milliseconds.
    pub(crate) fn offline_ms(&self) -> u64 {
        days_ms(self.limits.offline_days)
    }
}

/// Days in milliseconds.
pub(crate) fn days_ms(days: u32) -> u64 {
    u64::from(days) * 24 * 60 * 60 * 1000
}

impl Source for Transaction<'_, '_> {
    fn get(&self, table: Table, key: &[u8]) -> StoreResult<Option<UserValue>> {
        self.overlay.get(table, key)
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> StoreResult<()> {
        self.overlay.scan(table, prefix, from, visit)
    }
}
