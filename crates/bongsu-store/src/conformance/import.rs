//! Import: whole rooms, seen by nobody until they are complete, and never twice.

use bongsu_types::{
    ClientId, Emoji, Fact, Millis, Ordinal, OwnChange, Role, RoomId, RoomKind, Seq, direct_pair,
};

use super::Fixture;
use super::acts::{message_of, refused, room, room_key, texts, unreact, user};
use crate::{
    CreateRoom, HistoryFrom, ImportMember, ImportMessage, ImportRoom, ImportState, KeyScopeOfRoom, Refusal,
};

fn source(key: &str) -> ImportRoom {
    ImportRoom {
        kind: RoomKind::Group,
        key: room_key(key),
        creator: user("alice"),
        name: "imported".to_owned(),
        image: String::new(),
        data: None,
        created_ms: Millis(1_000),
        pair: None,
    }
}

fn said(sender: &str, number: u64) -> ImportMessage {
    ImportMessage {
        sender: user(sender),
        client_id: ClientId::new(&format!("line-{number}")).unwrap(),
        at_ms: Millis(1_000 + number),
        text: format!("line {number}"),
        data: None,
        reply_to: None,
        edited_ms: None,
        reactions: Vec::new(),
    }
}

fn member(name: &str, role: Role, read_seq: Option<u64>) -> ImportMember {
    ImportMember { user: user(name), name: name.to_uppercase(), role, read_seq: read_seq.map(Seq) }
}

async fn lines(fixture: &Fixture, room: RoomId, from: u64, to: u64) -> ImportState {
    let messages = (from..=to).map(|number| said(if number % 2 == 0 { "bob" } else { "alice" }, number));
    fixture.store().append_import(room, Seq(from - 1), messages.collect()).await.unwrap()
}

async fn finish(fixture: &Fixture, room: RoomId) -> ImportState {
    let members = vec![member("alice", Role::Owner, None), member("bob", Role::Member, Some(1))];
    fixture.store().finish_import(room, members).await.unwrap()
}

pub async fn an_imported_room_is_like_any_other(fixture: &Fixture) {
    let begun = fixture.store().begin_import(source("k")).await.unwrap();
    assert_eq!((begun.head_seq, begun.finished), (Seq(0), false));
    let room = begun.room;
    let grown = lines(fixture, room, 1, 3).await;
    assert_eq!(grown, ImportState { room, head_seq: Seq(3), finished: false });
    assert_eq!(finish(fixture, room).await, ImportState { finished: true, ..grown });

    let head = fixture.head(room).await;
    assert_eq!((head.seq, head.ord, head.last_message), (Seq(3), Ordinal(3), Seq(3)));
    assert_eq!((head.active_ms, head.members), (Millis(1_003), 2));
    let page = fixture.page("bob", room, HistoryFrom::Latest, 10).await;
    assert_eq!(texts(&page), ["line 1", "line 2", "line 3"]);
    let record = &page.messages[1].record;
    assert_eq!((&record.actor, record.at_ms, record.ord), (&user("bob"), Millis(1_002), Ordinal(2)));
    assert_eq!((message_of(record).rev, message_of(record).client_id.as_str()), (Seq(2), "line-2"));
    let row = fixture.row("bob", room).await;
    assert_eq!((row.joined_seq, row.read_seq, row.read_ord), (Seq(1), Seq(1), Ordinal(1)));
    assert_eq!(fixture.unread("bob", room).await, 2);
    assert_eq!(fixture.unread("alice", room).await, 0);
    let kept = fixture.store().room(room).await.unwrap().unwrap();
    assert_eq!((kept.key, kept.created_ms), (Some(room_key("k")), Millis(1_000)));
    assert_eq!(fixture.store().profiles(&[user("bob")]).await.unwrap()[0].name, "BOB");

    let sent = fixture.send(room, "bob", "live").await;
    assert_eq!((sent.seq, sent.ord), (Seq(4), Ordinal(4)));
    fixture.edit(room, "alice", Seq(1), "edited").await;
    fixture.assert_dense(room).await;
    fixture.assert_no_drift().await;
}

pub async fn an_imported_message_keeps_its_edit_and_its_reactions(fixture: &Fixture) {
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    let (good, odd) = (Emoji::new("👍").unwrap(), Emoji::new(":tick:").unwrap());
    let reactions = vec![
        (good.clone(), vec![user("bob"), user("alice"), user("bob")]),
        (odd.clone(), vec![user("bob")]),
        (Emoji::new("💤").unwrap(), vec![]),
    ];
    let edited = ImportMessage { edited_ms: Some(Millis(2_000)), reactions, ..said("alice", 1) };
    fixture.store().append_import(room, Seq(0), vec![edited, said("bob", 2)]).await.unwrap();
    finish(fixture, room).await;

    let page = fixture.page("bob", room, HistoryFrom::Latest, 10).await;
    let message = message_of(&page.messages[0].record);
    assert_eq!((message.edited_ms, message.rev), (Some(Millis(2_000)), Seq(1)));
    let counts: Vec<(&Emoji, u32)> = message.reactions.iter().map(|r| (&r.emoji, r.count)).collect();
    assert_eq!(counts, [(&good, 2), (&odd, 1)], "each user once, in the order given");
    assert_eq!(page.messages[0].mine, [odd.clone(), good.clone()]);
    fixture.store().react(unreact(room, "alice", Seq(1), "👍")).await.unwrap();
    let page = fixture.page("alice", room, HistoryFrom::Latest, 10).await;
    assert_eq!(message_of(&page.messages[0].record).reactions[0].count, 1, "taken back like any other");

    fixture.limit(|limits| limits.reactions_per_message = 1).await;
    let room = fixture.store().begin_import(source("other")).await.unwrap().room;
    let reactions = vec![(good, vec![user("bob")]), (odd, vec![user("bob")])];
    let two = ImportMessage { reactions, ..said("alice", 2) };
    let refusal = refused(fixture.store().append_import(room, Seq(0), vec![said("alice", 1), two]).await);
    assert!(matches!(refusal, Refusal::LimitReached { limit: "reactions_per_message", max: 1 }));
    assert_eq!(fixture.head(room).await.seq, Seq(0), "none of the batch is in");
    fixture.assert_no_drift().await;
}

pub async fn nobody_sees_a_room_before_its_import_is_finished(fixture: &Fixture) {
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    lines(fixture, room, 1, 3).await;
    let store = fixture.store();
    for name in ["alice", "bob"] {
        let page = store.history(&user(name), room, HistoryFrom::Latest, 10).await;
        assert_eq!(refused(page), Refusal::RoomNotFound);
        assert_eq!(store.own_rows(&user(name)).await.unwrap().rows, []);
    }
    let by_key = CreateRoom {
        key: Some((KeyScopeOfRoom::Global, room_key("k"))),
        ..super::acts::room(RoomKind::Group, "alice", &[])
    };
    assert_eq!(refused(store.create_room(by_key).await), Refusal::RoomNotFound);
    assert!(fixture.facts_since(0).is_empty());
    assert_eq!(fixture.tail(100).await, []);

    finish(fixture, room).await;
    let mut told = fixture.facts_since(0);
    told.retain(|fact| !matches!(fact, Fact::ProfileChanged { .. }));
    assert_eq!(told.len(), 2, "an own fact each, and no record");
    let fact = fixture.own_facts("bob").pop().unwrap();
    assert_eq!((fact.room, fact.change), (room, OwnChange::Joined { from_seq: Seq(1) }));
    assert_eq!(store.own_rows(&user("bob")).await.unwrap().rows.len(), 1);
}

pub async fn an_import_goes_on_where_it_stopped(fixture: &Fixture) {
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    lines(fixture, room, 1, 2).await;
    fixture.reopen().await;
    let found = fixture.store().begin_import(source("k")).await.unwrap();
    assert_eq!(found, ImportState { room, head_seq: Seq(2), finished: false });
    lines(fixture, room, 3, 5).await;
    finish(fixture, room).await;
    assert_eq!(fixture.head(room).await.ord, Ordinal(5));
    fixture.assert_dense(room).await;
}

pub async fn a_batch_that_does_not_follow_the_head_is_a_conflict(fixture: &Fixture) {
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    lines(fixture, room, 1, 2).await;
    let store = fixture.store();
    for after in [0, 1, 3] {
        let answer = store.append_import(room, Seq(after), vec![said("bob", 9)]).await;
        assert_eq!(refused(answer), Refusal::Conflict);
    }
    assert_eq!(fixture.head(room).await.seq, Seq(2));
}

pub async fn a_finished_import_changes_nothing_when_repeated(fixture: &Fixture) {
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    lines(fixture, room, 1, 2).await;
    let finished = finish(fixture, room).await;
    fixture.read(room, "bob", 2).await;
    let commits = fixture.last_commit().await;
    assert_eq!(fixture.store().begin_import(source("k")).await.unwrap(), finished);
    assert_eq!(finish(fixture, room).await, finished);
    assert_eq!(fixture.last_commit().await, commits);
    let more = fixture.store().append_import(room, Seq(2), vec![said("bob", 3)]).await;
    assert_eq!(refused(more), Refusal::Conflict);
    assert_eq!(fixture.unread("bob", room).await, 0);
}

pub async fn a_direct_import_is_the_room_of_its_pair(fixture: &Fixture) {
    let pair = Some(direct_pair(&user("bob"), &user("alice")));
    let direct = ImportRoom { kind: RoomKind::Direct, pair: pair.clone(), ..source("k") };
    let room = fixture.store().begin_import(direct.clone()).await.unwrap().room;
    let early = fixture.store().create_room(super::acts::room(RoomKind::Direct, "alice", &["bob"])).await;
    assert_eq!(refused(early), Refusal::RoomNotFound);
    finish(fixture, room).await;
    assert_eq!(fixture.direct("bob", "alice").await, room);
    let same_pair = ImportRoom { key: room_key("other"), ..direct };
    assert_eq!(refused(fixture.store().begin_import(same_pair).await), Refusal::Conflict);
}

pub async fn rooms_that_were_not_imported_are_conflicts(fixture: &Fixture) {
    let keyed = CreateRoom {
        key: Some((KeyScopeOfRoom::Global, room_key("k"))),
        ..room(RoomKind::Group, "alice", &[])
    };
    let created = fixture.create(keyed).await;
    fixture.direct("alice", "bob").await;
    let store = fixture.store();
    assert_eq!(refused(store.begin_import(source("k")).await), Refusal::Conflict);
    let pair = Some(direct_pair(&user("alice"), &user("bob")));
    let direct = ImportRoom { kind: RoomKind::Direct, pair, ..source("other") };
    assert_eq!(refused(store.begin_import(direct).await), Refusal::Conflict);
    let append = store.append_import(created, Seq(1), vec![said("bob", 1)]).await;
    assert_eq!(refused(append), Refusal::Conflict);
    let finish = store.finish_import(created, Vec::new()).await;
    assert_eq!(refused(finish), Refusal::Conflict);
}

pub async fn members_of_an_import_are_bounded_by_its_kind(fixture: &Fixture) {
    fixture.limit(|limits| limits.group_members = 1).await;
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    let two = vec![member("alice", Role::Owner, None), member("bob", Role::Member, None)];
    let answer = fixture.store().finish_import(room, two.clone()).await;
    assert_eq!(refused(answer), Refusal::LimitReached { limit: "group_members", max: 1 });
    fixture.limit(|limits| limits.group_members = 2).await;
    assert!(fixture.store().finish_import(room, two).await.unwrap().finished);
}

pub async fn names_of_known_users_stay(fixture: &Fixture) {
    let named = crate::ProfileChange { name: Some("Bob".to_owned()), ..crate::ProfileChange::default() };
    fixture.store().upsert_users(&[(user("bob"), named)]).await.unwrap();
    let room = fixture.store().begin_import(source("k")).await.unwrap().room;
    finish(fixture, room).await;
    let known = fixture.store().profiles(&[user("alice"), user("bob")]).await.unwrap();
    let names: Vec<&str> = known.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["ALICE", "Bob"]);
}
