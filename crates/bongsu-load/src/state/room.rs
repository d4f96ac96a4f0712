//! One room as a device holds it: row, messages, members, and how each record changes them.

use std::collections::BTreeMap;

use bongsu_types::{Emoji, JsonObject, Mentions, Ordinal, RoomId, Seq, UserId};
use bongsu_wire::{
    Event, LastMessage, ListRow, MemberObject, MessageEdited, MessageObject, MessageReaction, ReactionCount,
    RoomRead, RoomSettings, RoomUpdated,
};

use crate::sequence::{Sequence, Step};

/// Bytes of a preview, as the server cuts it.
const PREVIEW_BYTES: usize = 200;

/// Changes of messages not held, kept in case their history is on its way.
const EARLY_CHANGES_MAX: usize = 10_000;

/// A room as one device holds it.
#[derive(Debug, Clone)]
pub struct RoomState {
    row: ListRow,
    /// Ord up to which nothing is unread.
    mark: Ordinal,
    /// Ords above `mark` that mention the user, of messages seen here.
    mentioned: Vec<Ordinal>,
    /// Mentions the row counted when it came, up to its head then.
    counted: (usize, Ordinal),
    sequence: Sequence,
    messages: BTreeMap<Seq, MessageObject>,
    early: Vec<Event>,
}

impl RoomState {
    pub(super) fn new(row: ListRow, seen: Seq) -> Self {
        let mut room = Self {
            mark: Ordinal::ZERO,
            mentioned: Vec::new(),
            counted: (0, Ordinal::ZERO),
            sequence: Sequence::after(seen),
            messages: BTreeMap::new(),
            early: Vec::new(),
            row: row.clone(),
        };
        room.take_row(row);
        room
    }

    /// The room.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.row.room
    }

    /// The row as the records since have changed it.
    #[must_use]
    pub fn row(&self) -> &ListRow {
        &self.row
    }

    /// The messages held, by seq.
    #[must_use]
    pub fn messages(&self) -> &BTreeMap<Seq, MessageObject> {
        &self.messages
    }

    /// The members, when the row came with them.
    #[must_use]
    pub fn members(&self) -> Option<&[MemberObject]> {
        self.row.members.as_deref()
    }

    /// The highest seq applied.
    #[must_use]
    pub fn seen(&self) -> Seq {
        self.sequence.seen()
    }

    /// Records known to be missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.sequence.missing()
    }

    pub(super) fn new_session(&mut self) {
        self.sequence.new_session();
    }

    pub(super) fn arrived(&mut self, seq: Seq) -> Step {
        self.sequence.arrived(seq)
    }

    pub(super) fn skip_to(&mut self, seq: Seq) {
        self.sequence.jump_to(seq);
    }

    /// What is held is void; records go on after `head`.
    pub(super) fn reset(&mut self, head: Seq) {
        self.messages.clear();
        self.early.clear();
        self.sequence.jump_to(head);
    }

    /// A row that was read from the server: as a whole newer than what is held, unless records went past it.
    pub(super) fn take_row(&mut self, row: ListRow) {
        if row.head_seq < self.row.head_seq && row.user_rev <= self.row.user_rev {
            return;
        }
        let members = row.members.clone().or_else(|| self.row.members.take());
        self.mark = Ordinal(row.head_ord.0.saturating_sub(row.unread));
        self.counted = (row.mentions, row.head_ord);
        self.mentioned.clear();
        // After a new join nothing before it comes any more.
        self.sequence.jump_to(row.joined_seq.prev());
        self.row = ListRow { members, ..row };
    }

    pub(super) fn hold_message(&mut self, message: MessageObject, user: &UserId) {
        let seq = message.seq;
        if self.messages.get(&seq).is_none_or(|held| held.rev < message.rev) {
            self.messages.insert(seq, message);
        }
        let early = std::mem::take(&mut self.early);
        for event in early {
            self.change_message(event, user);
        }
    }

    pub(super) fn record(&mut self, event: &Event, user: &UserId) {
        let before = self.row.head_seq;
        match event {
            Event::MessageNew(new) => {
                self.message(&new.message, user);
                self.messages.insert(new.message.seq, new.message.clone());
            }
            Event::MessageEdited(_) | Event::MessageDeleted(_) | Event::MessageReaction(_) => {
                self.change_message(event.clone(), user);
            }
            Event::MemberAdded(added) => {
                let joined_ms = added.at_ms;
                for user in &added.users {
                    self.add_member(user, joined_ms);
                }
                self.advance(added.seq, added.ord);
            }
            Event::MemberRemoved(removed) => {
                if let Some(members) = &mut self.row.members {
                    members.retain(|member| !removed.users.contains(&member.user));
                }
                self.advance(removed.seq, removed.ord);
            }
            Event::MemberRole(change) => {
                if change.user == *user && change.seq > before {
                    self.row.role = change.role;
                }
                if let Some(member) = self.member(&change.user) {
                    member.role = change.role;
                }
                self.advance(change.seq, change.ord);
            }
            Event::RoomUpdated(change) => {
                if change.seq > before {
                    self.update(change);
                }
                self.advance(change.seq, change.ord);
            }
            _ => {}
        }
    }

    /// A message moves the head; an own one moves the own read mark with it.
    fn message(&mut self, message: &MessageObject, user: &UserId) {
        if message.seq <= self.row.head_seq {
            return;
        }
        self.advance(message.seq, message.ord);
        self.row.last = Some(preview(message));
        if !message.silent {
            self.row.active_ms = message.at_ms;
        }
        if message.sender == *user && !message.keep_unread {
            self.row.read_seq = message.seq;
            self.row.read_ord = message.ord;
            self.row.marked_unread = false;
        } else if message.mentions.all || message.mentions.users.contains(user) {
            self.mentioned.push(message.ord);
        }
        self.recount();
    }

    fn advance(&mut self, seq: Seq, ord: Ordinal) {
        if seq <= self.row.head_seq {
            return;
        }
        self.row.head_seq = seq;
        self.row.head_ord = ord;
        self.row.settings.hidden = false;
        self.recount();
    }

    fn recount(&mut self) {
        self.mark = self.mark.max(self.row.read_ord);
        self.row.unread = self.row.head_ord.0.saturating_sub(self.mark.0);
        self.mentioned.retain(|ord| *ord > self.mark);
        let (counted, until) = self.counted;
        let counted = if self.mark >= until { 0 } else { counted };
        self.row.mentions = counted + self.mentioned.len();
    }

    fn change_message(&mut self, event: Event, user: &UserId) {
        match &event {
            Event::MessageEdited(edit) => {
                self.advance(edit.seq, edit.ord);
                self.changed(edit.seq, edit.target, &event, |message| edited(message, edit));
            }
            Event::MessageDeleted(deletion) => {
                self.advance(deletion.seq, deletion.ord);
                self.changed(deletion.seq, deletion.target, &event, deleted);
            }
            Event::MessageReaction(reaction) => {
                self.advance(reaction.seq, reaction.ord);
                self.changed(reaction.seq, reaction.target, &event, |message| {
                    reacted(message, reaction, user);
                });
            }
            _ => {}
        }
    }

    fn changed(&mut self, seq: Seq, target: Seq, event: &Event, change: impl FnOnce(&mut MessageObject)) {
        let Some(message) = self.messages.get_mut(&target) else {
            if self.early.len() < EARLY_CHANGES_MAX {
                self.early.push(event.clone());
            }
            return;
        };
        if seq <= message.rev {
            return;
        }
        change(message);
        message.rev = seq;
        if self.row.last.as_ref().is_some_and(|last| last.seq == target) {
            self.row.last = Some(preview(message));
        }
    }

    fn update(&mut self, change: &RoomUpdated) {
        if let Some(name) = &change.name {
            self.row.name.clone_from(name);
        }
        if let Some(image) = &change.image {
            self.row.image.clone_from(image);
        }
        if let Some(data) = &change.data {
            self.row.data = kept(data);
        }
    }

    fn add_member(&mut self, user: &UserId, joined_ms: bongsu_types::Millis) {
        let Some(members) = &mut self.row.members else { return };
        if members.iter().all(|member| member.user != *user) {
            let (role, read_seq) = (bongsu_types::Role::Member, Seq::ZERO);
            members.push(MemberObject { user: user.clone(), role, joined_ms, read_seq });
        }
    }

    fn member(&mut self, user: &UserId) -> Option<&mut MemberObject> {
        self.row.members.as_mut()?.iter_mut().find(|member| member.user == *user)
    }

    pub(super) fn member_read(&mut self, user: &UserId, read_seq: Seq) {
        if let Some(member) = self.member(user) {
            member.read_seq = member.read_seq.max(read_seq);
        }
    }

    pub(super) fn read(&mut self, read: &RoomRead) {
        self.row.read_seq = self.row.read_seq.max(read.read_seq);
        self.row.read_ord = self.row.read_ord.max(read.read_ord);
        self.row.marked_unread = read.marked_unread;
        self.row.user_rev = read.user_rev;
        self.recount();
    }

    pub(super) fn settings(&mut self, change: &RoomSettings) {
        self.row.settings = change.settings.clone();
        self.row.user_rev = change.user_rev;
    }
}

fn preview(message: &MessageObject) -> LastMessage {
    LastMessage {
        seq: message.seq,
        sender: message.sender.clone(),
        kind: message.kind,
        text: message.text[..message.text.floor_char_boundary(PREVIEW_BYTES)].to_owned(),
        deleted: message.deleted,
        at_ms: message.at_ms,
    }
}

fn kept(data: &JsonObject) -> Option<JsonObject> {
    (!data.is_empty()).then(|| data.clone())
}

fn edited(message: &mut MessageObject, edit: &MessageEdited) {
    if let Some(text) = &edit.text {
        message.text.clone_from(text);
    }
    if let Some(data) = &edit.data {
        message.data = kept(data);
    }
    message.edited_ms = Some(edit.edited_ms);
}

fn deleted(message: &mut MessageObject) {
    message.deleted = true;
    message.text.clear();
    message.data = None;
    message.mentions = Mentions::default();
    message.reactions.clear();
}

fn reacted(message: &mut MessageObject, reaction: &MessageReaction, user: &UserId) {
    let is_mine = reaction.actor == *user;
    let held = message.reactions.iter().position(|(emoji, _)| *emoji == reaction.emoji);
    match (held, reaction.remove) {
        (Some(at), false) => {
            let count = &mut message.reactions[at].1;
            count.count += 1;
            count.mine |= is_mine;
        }
        (None, false) => {
            let emoji: Emoji = reaction.emoji.clone();
            message.reactions.push((emoji, ReactionCount { count: 1, mine: is_mine }));
        }
        (Some(at), true) => {
            let count = &mut message.reactions[at].1;
            count.count -= 1;
            count.mine &= !is_mine;
            if count.count == 0 {
                message.reactions.remove(at);
            }
        }
        (None, true) => {}
    }
}
