//! Replaying records over what a client holds ends in what a fresh fetch gives, for every kind of record.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_types::{
    Emoji, JsonObject, Mentions, Message, Reaction, ReactionOp, Record, RecordBody, Retention, Role,
    RoomChange, RoomId, RoomKind, Seq, UserId,
};

use super::Fixture;
use super::acts::{edit, json, mentions, message, react, room, unreact, update, user};
use crate::{AppendMessage, CreateRoom, EditMessage, UpdateRoom};

/// Own reactions by message.
type Mine = BTreeMap<Seq, BTreeSet<Emoji>>;

/// What a client of one member holds of one room, as a fetch gives it and as records change it.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    messages: BTreeMap<Seq, (UserId, Message)>,
    mine: Mine,
    members: BTreeMap<UserId, Role>,
    facts: RoomFacts,
}

#[derive(Debug, Clone, PartialEq)]
struct RoomFacts {
    name: String,
    image: String,
    data: Option<JsonObject>,
    history_before_join: bool,
    retention: Retention,
}

async fn fetch(fixture: &Fixture, name: &str, room: RoomId) -> Held {
    let mut held = Held {
        messages: BTreeMap::new(),
        mine: BTreeMap::new(),
        members: BTreeMap::new(),
        facts: {
            let room = fixture.store().room(room).await.unwrap().unwrap();
            RoomFacts {
                name: room.name,
                image: room.image,
                data: room.data,
                history_before_join: room.history_before_join,
                retention: room.retention,
            }
        },
    };
    for item in fixture.history(name, room).await {
        let seq = item.record.seq;
        if !item.mine.is_empty() {
            held.mine.insert(seq, item.mine.into_iter().collect());
        }
        if let RecordBody::Message(message) = item.record.body {
            held.messages.insert(seq, (item.record.actor, *message));
        }
    }
    let page = fixture.store().members(&user(name), room, None, 200).await.unwrap();
    held.members = page.members.into_iter().map(|member| (member.user, member.role)).collect();
    held
}

impl Held {
    /// Applies one record as docs/PROTOCOL.md tells a client to. A message comes with the own reactions of `mine`.
    fn apply(&mut self, me: &UserId, record: &Record, mine: &Mine) {
        let seq = record.seq;
        match &record.body {
            RecordBody::Message(message) => {
                let newer = |(_, held): &(UserId, Message)| held.rev >= message.rev;
                if !self.messages.get(&seq).is_some_and(newer) {
                    self.messages.insert(seq, (record.actor.clone(), (**message).clone()));
                    self.mine.extend(mine.get(&seq).map(|mine| (seq, mine.clone())));
                }
            }
            RecordBody::Edited { target, text, data, edited_ms } => {
                let Some(message) = self.older(*target, seq) else { return };
                message.edited_ms = Some(*edited_ms);
                if let Some(text) = text {
                    message.text.clone_from(text);
                }
                if let Some(data) = data {
                    message.data = Some(data.clone()).filter(|data| !data.is_empty());
                }
            }
            RecordBody::Deleted { target } => {
                let Some(message) = self.older(*target, seq) else { return };
                message.deleted = true;
                message.text.clear();
                message.data = None;
                message.mentions = Mentions::default();
                message.reactions.clear();
                self.mine.remove(target);
            }
            RecordBody::Reaction { target, emoji, op } => {
                let Some(message) = self.older(*target, seq) else { return };
                count(&mut message.reactions, emoji, *op);
                if record.actor == *me {
                    let mine = self.mine.entry(*target).or_default();
                    match op {
                        ReactionOp::Add => mine.insert(emoji.clone()),
                        ReactionOp::Remove => mine.remove(emoji),
                    };
                    self.mine.retain(|_, mine| !mine.is_empty());
                }
            }
            RecordBody::MemberAdded { users } => {
                for user in users {
                    self.members.insert(user.clone(), Role::Member);
                }
                if seq == Seq(1) {
                    self.members.insert(record.actor.clone(), Role::Owner);
                }
            }
            RecordBody::MemberRemoved { users } => self.members.retain(|user, _| !users.contains(user)),
            RecordBody::MemberRole { user, role } => {
                self.members.insert(user.clone(), *role);
            }
            RecordBody::RoomUpdated(change) => self.facts.apply(change),
        }
    }

    /// The message to change, unless what is held knows of this record already.
    fn older(&mut self, target: Seq, record: Seq) -> Option<&mut Message> {
        let (_, message) = self.messages.get_mut(&target)?;
        if record <= message.rev {
            return None;
        }
        message.rev = record;
        Some(message)
    }
}

impl RoomFacts {
    fn apply(&mut self, change: &RoomChange) {
        let RoomChange { name, image, data, history_before_join, retention } = change.clone();
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.image = image.unwrap_or_else(|| self.image.clone());
        self.data = data.map_or_else(|| self.data.clone(), |data| Some(data).filter(|data| !data.is_empty()));
        self.history_before_join = history_before_join.unwrap_or(self.history_before_join);
        self.retention = retention.unwrap_or(self.retention);
    }
}

fn count(reactions: &mut Vec<Reaction>, emoji: &Emoji, op: ReactionOp) {
    match (op, reactions.iter().position(|held| held.emoji == *emoji)) {
        (ReactionOp::Add, Some(at)) => reactions[at].count += 1,
        (ReactionOp::Add, None) => reactions.push(Reaction { emoji: emoji.clone(), count: 1 }),
        (ReactionOp::Remove, at) => {
            let at = at.expect("what is taken back was there");
            reactions[at].count -= 1;
            reactions.retain(|held| held.count > 0);
        }
    }
}

/// What a step answers is of no interest here.
fn done<T>(_answer: T) {}

/// One step of a story with every kind of record.
async fn step(fixture: &Fixture, room: RoomId, number: usize) {
    let store = fixture.store();
    let first = Seq(2);
    match number {
        0 => done(fixture.send(room, "alice", "one").await),
        1 => {
            let full = AppendMessage {
                data: Some(json(r#"{"a":1}"#)),
                mentions: mentions(&["bob"]),
                reply_to: Some(first),
                ..message(room, "bob", "full", "two")
            };
            done(fixture.append(full).await);
        }
        2 => done(fixture.react(room, "alice", first, "heart").await),
        3 => done(fixture.react(room, "bob", first, "heart").await),
        4 => done(fixture.edit(room, "alice", first, "ONE").await),
        5 => done(fixture.react(room, "bob", first, "+").await),
        6 => {
            let data = Some(json(r#"{"a":2}"#));
            done(store.edit(EditMessage { data, ..edit(room, "bob", Seq(3), "TWO") }).await.unwrap());
        }
        7 => done(store.react(unreact(room, "alice", first, "heart")).await.unwrap()),
        8 => done(fixture.add(room, "alice", &["dave"]).await),
        9 => done(store.set_role(room, &user("alice"), &user("dave"), Role::Admin).await.unwrap()),
        10 => {
            let change = RoomChange {
                name: Some("name".to_owned()),
                data: Some(json(r#"{"title":"t"}"#)),
                retention: Some(Retention::History { days: Some(7) }),
                ..RoomChange::default()
            };
            done(store.update_room(UpdateRoom { change, ..update(room, "alice") }).await.unwrap());
        }
        11 => done(fixture.delete(room, "alice", Seq(3)).await),
        12 => {
            let data = Some(JsonObject::empty());
            let change = RoomChange { data, image: Some("i".to_owned()), ..RoomChange::default() };
            done(store.update_room(UpdateRoom { change, ..update(room, "dave") }).await.unwrap());
        }
        13 => done(fixture.remove(room, "alice", &["carol"]).await),
        14 => done(store.react(react(room, "alice", first, "last")).await.unwrap()),
        15 => done(store.leave(room, &user("alice")).await.unwrap()),
        _ => done(fixture.send(room, "dave", "the end").await),
    }
}

pub async fn replaying_any_suffix_over_any_older_state_equals_a_fresh_fetch(fixture: &Fixture) {
    const STEPS: usize = 17;
    let request =
        CreateRoom { history_before_join: true, ..room(RoomKind::Group, "alice", &["bob", "carol"]) };
    let room = fixture.create(request).await;
    let bob = user("bob");
    let mut told: Vec<Record> = Vec::new();
    let mut states = Vec::new();
    for number in 0..STEPS {
        states.push((fixture.head(room).await.seq, fetch(fixture, "bob", room).await));
        let commits = fixture.committed().len();
        step(fixture, room, number).await;
        fixture.advance(1_000);
        for fact in fixture.facts_since(commits) {
            if let bongsu_types::Fact::Record(record) = fact {
                told.push((*record).clone());
            }
        }
    }
    let fresh = fetch(fixture, "bob", room).await;
    let read = fixture.log(room).await;
    let targets: Vec<Seq> = read.iter().map(|record| record.seq).collect();
    let mut mine = Mine::new();
    for (target, emoji) in fixture.store().own_reactions(&bob, room, &targets).await.unwrap() {
        mine.entry(target).or_default().insert(emoji);
    }
    for (head, state) in &states {
        // Records as they were told live, when nobody had reacted yet, and as they are read from the log later.
        for (records, mine) in [(&told, &Mine::new()), (&read, &mine)] {
            let mut replayed = state.clone();
            for record in records.iter().filter(|record| record.seq > *head) {
                replayed.apply(&bob, record, mine);
            }
            assert_eq!(replayed, fresh, "from {head} on");
        }
    }
}

pub async fn messages_fetched_later_are_not_changed_twice_by_replay(fixture: &Fixture) {
    const STEPS: usize = 17;
    let request =
        CreateRoom { history_before_join: true, ..room(RoomKind::Group, "alice", &["bob", "carol"]) };
    let room = fixture.create(request).await;
    for number in 0..STEPS {
        step(fixture, room, number).await;
    }
    let fresh = fetch(fixture, "bob", room).await;
    let read = fixture.log(room).await;
    for from in 0..read.len() {
        let mut replayed = fresh.clone();
        for record in &read[from..] {
            replayed.apply(&user("bob"), record, &Mine::new());
        }
        assert_eq!(replayed.messages, fresh.messages, "the higher rev wins");
        assert_eq!(replayed.mine, fresh.mine);
    }
}
