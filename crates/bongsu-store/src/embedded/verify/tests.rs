//! A store that lived is clean; each thing that is wrong with one is found and named.

use bongsu_types::{
    DeviceId, DeviceInfo, Emoji, Epoch, Head, Mentions, Millis, Ordinal, ReactionOp, RecordBody, RoomId,
    RoomKey, RoomKind, Seq, UserRev,
};

use super::VerifyReport;
use crate::embedded::row::log::encode_record;
use crate::embedded::row::own::{StoredOwn, encode_own};
use crate::embedded::row::room::encode_head;
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::tests::{group, message, open, user};
use crate::embedded::{EmbeddedStore, View, keys};
use crate::{
    AppendMessage, CreateRoom, DeleteMessage, Devices, EditMessage, Hello, Import, ImportMessage, ImportRoom,
    Messages, React, Reads, Rooms, SettingsChange,
};

/// A group with a bit of everything in it.
async fn lived_in(store: &EmbeddedStore) -> RoomId {
    let room = group(store).await;
    let device =
        DeviceInfo { id: DeviceId::new("phone").unwrap(), platform: String::new(), name: String::new() };
    let hello = Hello {
        user: user("bob"),
        device,
        issued_ms: Millis(1),
        epoch: Some(Epoch(1)),
        cursors: Vec::new(),
        profile: None,
    };
    store.hello(hello).await.unwrap();
    for number in 0..20 {
        let mentions = Mentions { all: number % 5 == 0, users: vec![user("bob")] };
        let silent = number % 7 == 0;
        let message = AppendMessage { mentions, silent, ..message(room, &format!("m{number}")) };
        store.append(message).await.unwrap();
    }
    for target in [Seq(3), Seq(4)] {
        for name in ["alice", "bob"] {
            let emoji = Emoji::new("👍").unwrap();
            let react = React { room, actor: user(name), target, emoji, op: ReactionOp::Add, once: None };
            store.react(react).await.unwrap();
        }
    }
    for text in ["better", "best"] {
        let text = Some(text.to_owned());
        let edit = EditMessage { room, actor: user("alice"), target: Seq(4), once: None, text, data: None };
        store.edit(edit).await.unwrap();
    }
    store.delete(DeleteMessage { room, actor: user("alice"), target: Seq(4), once: None }).await.unwrap();
    store.mark_read(&user("bob"), room, Seq(9)).await.unwrap();
    store.add_members(room, &user("alice"), &[user("carol"), user("dave")]).await.unwrap();
    store.append(message(room, "last")).await.unwrap();
    store.leave(room, &user("dave")).await.unwrap();
    let pinned = SettingsChange { pinned: Some(true), ..SettingsChange::default() };
    store.change_settings(&user("carol"), room, pinned).await.unwrap();
    let cursors = [(room, Seq(12))];
    store.store_cursors(&user("bob"), &DeviceId::new("phone").unwrap(), &cursors, Millis(2)).await.unwrap();
    room
}

fn verify(store: &EmbeddedStore) -> VerifyReport {
    store.verify(&mut |_| {}).unwrap()
}

#[tokio::test]
async fn a_store_that_lived_is_clean_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    lived_in(&store).await;
    let direct = CreateRoom {
        kind: RoomKind::Direct,
        creator: user("alice"),
        key: None,
        members: vec![user("erin")],
        name: String::new(),
        image: String::new(),
        data: None,
        history_before_join: true,
        retention: bongsu_types::Retention::Transit,
        request: true,
    };
    store.create_room(direct).await.unwrap();
    let mut steps = Vec::new();
    let report = store.verify(&mut |progress| steps.push(progress.step)).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert!(report.is_clean());
    assert_eq!(steps, ["rooms", "users", "changes", "keys", "replies", "tail"]);
    let counts = report.counts;
    assert_eq!((counts.rooms, counts.messages, counts.reactions), (2, 21, 2));
    assert_eq!((counts.members, counts.tombstones, counts.users, counts.devices), (5, 1, 5, 1));
    assert_eq!(counts.replies, 21);
}

#[tokio::test]
async fn an_unfinished_import_is_a_note_and_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let import = ImportRoom {
        kind: RoomKind::Group,
        key: RoomKey::new("irc:1").unwrap(),
        creator: user("alice"),
        name: String::new(),
        image: String::new(),
        data: None,
        created_ms: Millis(5),
        pair: None,
    };
    let room = store.begin_import(import).await.unwrap().room;
    let line = ImportMessage {
        sender: user("alice"),
        client_id: bongsu_types::ClientId::new("1").unwrap(),
        at_ms: Millis(5),
        text: "hi".into(),
        data: None,
        reply_to: None,
        edited_ms: None,
        reactions: Vec::new(),
    };
    store.append_import(room, Seq::ZERO, vec![line]).await.unwrap();
    let report = verify(&store);
    assert!(report.is_clean(), "{:?}", report.faults);
    assert_eq!(report.notes.len(), 1);
    assert!(report.notes[0].contains("irc:1"), "{:?}", report.notes);
}

/// Breaks a store behind its back.
struct Breaker<'a> {
    store: &'a EmbeddedStore,
    room: RoomId,
}

impl Breaker<'_> {
    fn put(&self, table: Table, key: &[u8], value: Vec<u8>) {
        self.store.shared.tables.keyspace(table).insert(&*table.stored_key(key), value).unwrap();
    }

    fn remove(&self, table: Table, key: &[u8]) {
        self.store.shared.tables.keyspace(table).remove(&*table.stored_key(key)).unwrap();
    }

    fn head(&self, change: impl FnOnce(&mut Head)) {
        let mut head = View::of(&self.store.shared.tables).head(self.room).unwrap().unwrap();
        change(&mut head);
        self.put(Table::Head, &keys::room(self.room), encode_head(&head));
    }

    fn own(&self, name: &str, change: impl FnOnce(&mut StoredOwn)) {
        let user = user(name);
        let mut own = View::of(&self.store.shared.tables).own(&user, self.room).unwrap().unwrap();
        change(&mut own);
        self.put(Table::Own, &keys::own(&user, self.room), encode_own(&own));
    }
}

/// What is done to the store, and a word of the line that names it.
type Case = (&'static str, fn(&Breaker<'_>));

const CASES: [Case; 18] = [
    ("follows", |at| at.remove(Table::Log, &keys::log(at.room, Seq(7)))),
    ("the log ends at", |at| at.head(|head| head.seq = head.seq.next())),
    ("counts", |at| at.head(|head| head.ord = head.ord.next())),
    ("last message", |at| at.head(|head| head.last_message = Seq(2))),
    ("members", |at| at.head(|head| head.members += 1)),
    ("corrupt row in table log", |at| at.put(Table::Log, &keys::log(at.room, Seq(8)), vec![1, 2])),
    ("a recount gives", |at| at.own("bob", |own| own.row.read_ord = Ordinal(1))),
    ("is not that of record", |at| at.own("bob", |own| own.row.read_seq = Seq(5))),
    ("is no member", |at| at.remove(Table::Member, &keys::member(at.room, &user("carol")))),
    ("has no own row", |at| at.remove(Table::Own, &keys::own(&user("carol"), at.room))),
    ("has revision", |at| at.own("carol", |own| own.row.user_rev = UserRev(99))),
    ("miscounts its reactions", |at| {
        at.remove(
            Table::Reaction,
            &keys::reaction(at.room, Seq(3), &user("bob"), &Emoji::new("👍").unwrap()),
        );
    }),
    ("keeps what the deleted message 4 said", |at| {
        let view = View::of(&at.store.shared.tables);
        let mut stored = view.record(at.room, Seq(26)).unwrap().unwrap();
        let RecordBody::Edited { text, .. } = &mut stored.record.body else {
            panic!("{stored:?} is no edit")
        };
        *text = Some("better".to_owned());
        at.put(Table::Log, &keys::log(at.room, Seq(26)), encode_record(&stored));
    }),
    ("another record", |at| at.remove(Table::Log, &keys::log(at.room, Seq(5)))),
    ("are missing", |at| at.remove(Table::Tail, &keys::commit(bongsu_types::CommitNo(5)))),
    ("which does not exist", |at| {
        at.put(Table::Member, &keys::member(RoomId::from_bytes([9; 16]), &user("x")), vec![])
    }),
    ("is unknown", |at| at.remove(Table::User, b"bob")),
    ("has no head", |at| at.remove(Table::Head, &keys::room(at.room))),
];

#[tokio::test]
async fn every_fault_is_found_and_named() {
    for (word, break_it) in CASES {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let room = lived_in(&store).await;
        break_it(&Breaker { store: &store, room });
        let report = verify(&store);
        let named = report.faults.iter().any(|line| line.contains(word));
        assert!(named, "`{word}` is not in {:#?}", report.faults);
    }
}
