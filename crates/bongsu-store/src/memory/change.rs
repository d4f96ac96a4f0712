//! One mutation under way: what it writes, and the facts and refs that become its commit.

use std::sync::Arc;

use bongsu_types::{
    CommitNo, Committed, Fact, Limits, MENTIONS_KEPT, Millis, Ordinal, OwnChange, OwnFact, OwnRow, Profile,
    RecordBody, RoomId, Seq, TailKind, TailRef, UserId, UserRev,
};

use crate::memory::state::{FirstReply, RoomState, State, TailEntry};
use crate::{Appended, Changed, Once, Refusal, StoreOptions};

/// A mutation under way. It reads `state` freely and writes only through [`Change::write`].
pub(super) struct Change<'a> {
    state: &'a mut State,
    pub(super) limits: &'a Limits,
    pub(super) now: Millis,
    commit: CommitNo,
    facts: Vec<Fact>,
    refs: Vec<TailRef>,
    written: bool,
}

/// A record before it has a position.
pub(super) struct NewRecord {
    pub(super) at_ms: Millis,
    pub(super) actor: UserId,
    pub(super) body: RecordBody,
}

impl<'a> Change<'a> {
    pub(super) fn begin(state: &'a mut State, options: &'a StoreOptions) -> Self {
        Self {
            commit: state.last_commit.next(),
            now: options.clock.now_ms(),
            limits: &options.limits,
            state,
            facts: Vec::new(),
            refs: Vec::new(),
            written: false,
        }
    }

    /// Makes what was written one commit.
    pub(super) fn finish(self) -> Option<Arc<Committed>> {
        if !self.written {
            return None;
        }
        self.state.last_commit = self.commit;
        if !self.refs.is_empty() {
            self.state.tail.push(TailEntry { commit: self.commit, at_ms: self.now, refs: self.refs });
        }
        Some(Arc::new(Committed { epoch: self.state.epoch, commit: self.commit, facts: self.facts }))
    }

    pub(super) fn state(&self) -> &State {
        self.state
    }

    pub(super) fn commit(&self) -> CommitNo {
        self.commit
    }

    /// The state, to be written: from here on this mutation is a commit.
    pub(super) fn write(&mut self) -> &mut State {
        self.written = true;
        self.state
    }

    pub(super) fn write_room(&mut self, room: RoomId) -> &mut RoomState {
        self.write().rooms.get_mut(&room).expect("the room was found before it is written")
    }

    pub(super) fn write_row(&mut self, room: RoomId, user: &UserId) -> &mut OwnRow {
        self.write_room(room).rows.get_mut(user).expect("the row was found before it is written")
    }

    /// A fact that has no ref in the tail.
    pub(super) fn tell(&mut self, fact: Fact) {
        self.written = true;
        self.facts.push(fact);
    }

    /// Appends a record now, for all to see.
    pub(super) fn append_record(&mut self, room: RoomId, actor: &UserId, body: RecordBody) -> (Seq, Ordinal) {
        let (commit, at_ms) = (self.commit, self.now);
        let new = NewRecord { at_ms, actor: actor.clone(), body };
        let record = self.write_room(room).append(new, commit).clone();
        let (seq, ord) = (record.seq, record.ord);
        self.refs.push(TailRef { commit, room, seq, kind: TailKind::Record });
        self.facts.push(Fact::Record(Arc::new(record)));
        (seq, ord)
    }

    /// Bumps the user's revision.
    pub(super) fn bump(&mut self, user: &UserId) -> UserRev {
        let state = self.write().users.entry(user.clone()).or_default();
        state.rev = state.rev.next();
        state.rev
    }

    /// Bumps the user's revision, stamps the row with it, and tells the user's devices.
    pub(super) fn own_fact(&mut self, room: RoomId, user: &UserId, change: OwnChange) -> UserRev {
        let user_rev = self.bump(user);
        self.write_row(room, user).user_rev = user_rev;
        let seq = self.write_room(room).head.seq;
        let kind = TailKind::Own { user: user.clone(), user_rev };
        self.refs.push(TailRef { commit: self.commit, room, seq, kind });
        self.facts.push(Fact::Own(OwnFact { user: user.clone(), room, user_rev, change }));
        user_rev
    }

    /// The own fact of a row whose mark or flag changed.
    pub(super) fn read_fact(&mut self, room: RoomId, user: &UserId) -> UserRev {
        let room_state = self.write_room(room);
        let row = &room_state.rows[user];
        let change = OwnChange::Read {
            read_seq: row.read_seq,
            read_ord: row.read_ord,
            unread: row.unread(&room_state.head),
            marked_unread: row.marked_unread,
        };
        self.own_fact(room, user, change)
    }

    /// Makes a user known, without a name.
    pub(super) fn ensure_user(&mut self, user: &UserId) {
        if self.state.profile(user).is_none() {
            let profile =
                Profile { user: user.clone(), name: String::new(), image: String::new(), data: None };
            self.write().users.entry(user.clone()).or_default().profile = Some(profile);
        }
    }

    /// The first reply to this key, if there was one.
    pub(super) fn repeated(
        &self,
        room: RoomId,
        actor: &UserId,
        once: &Once,
    ) -> Result<Option<Appended>, Refusal> {
        self.state.repeated(room, actor, once)
    }

    /// The same for a change, whose key is optional.
    pub(super) fn repeated_change(
        &self,
        room: RoomId,
        actor: &UserId,
        once: Option<&Once>,
    ) -> Result<Option<Changed>, Refusal> {
        let Some(once) = once else { return Ok(None) };
        let first = self.repeated(room, actor, once)?;
        Ok(first.map(|first| Changed { seq: first.seq, duplicate: true }))
    }

    /// Remembers the first reply to a key.
    pub(super) fn remember(&mut self, room: RoomId, actor: &UserId, once: Once, reply: Appended) {
        let first = FirstReply { request: once.request, reply, stored_ms: self.now };
        self.write().first_replies.insert((room, actor.clone(), once.client_id), first);
    }

    /// Answers a change, and remembers the answer when there is a key.
    pub(super) fn changed(&mut self, room: RoomId, actor: &UserId, once: Option<Once>, seq: Seq) -> Changed {
        if let Some(once) = once {
            let reply = Appended { seq, ord: Ordinal::ZERO, at_ms: Millis::ZERO, duplicate: false };
            self.remember(room, actor, once, reply);
        }
        Changed { seq, duplicate: false }
    }
}

impl State {
    /// The first reply to this key, marked as a repetition.
    pub(super) fn repeated(
        &self,
        room: RoomId,
        actor: &UserId,
        once: &Once,
    ) -> Result<Option<Appended>, Refusal> {
        let key = (room, actor.clone(), once.client_id.clone());
        match self.first_replies.get(&key) {
            None => Ok(None),
            Some(first) if first.request != once.request => Err(Refusal::Conflict),
            Some(first) => Ok(Some(Appended { duplicate: true, ..first.reply })),
        }
    }
}

/// Moves a mark up to a position; mentions at or below it are read.
pub(super) fn move_mark(row: &mut OwnRow, seq: Seq, ord: Ordinal) {
    row.read_seq = row.read_seq.max(seq);
    row.read_ord = row.read_ord.max(ord);
    let mark = row.read_ord;
    row.mentions.retain(|mention| *mention > mark);
}

/// Adds an ord to a list of mentions, of which the last [`MENTIONS_KEPT`] stay.
pub(super) fn keep_mention(mentions: &mut Vec<Ordinal>, ord: Ordinal) {
    if mentions.last() == Some(&ord) {
        return;
    }
    mentions.push(ord);
    if mentions.len() > MENTIONS_KEPT {
        mentions.remove(0);
    }
}
