//! The chat list: own rows, their changes, and what a row shows besides positions.

use bongsu_types::{JsonObject, OwnChange, RoomId, RoomKind, Seq, UserRev};

use super::acts::{json, message_of, room, user, users};
use super::{DAY_MS, Fixture};
use crate::{Changes, CreateRoom, ProfileChange, SettingsChange};

/// Revisions of the rows a client would get, or `None` when it has to start anew.
async fn changed(fixture: &Fixture, name: &str, since: u64) -> Option<Vec<u64>> {
    let rev = fixture.user_rev(name).await;
    match fixture.store().changes(&user(name), UserRev(since)).await.unwrap() {
        Changes::Rows { rows, user_rev } => {
            assert_eq!(user_rev.get(), rev);
            Some(rows.iter().map(|row| row.user_rev.get()).collect())
        }
        Changes::Reset { user_rev } => {
            assert_eq!(user_rev.get(), rev);
            None
        }
    }
}

pub async fn own_rows_are_the_rooms_of_a_user_by_id(fixture: &Fixture) {
    let mut rooms = Vec::new();
    for _ in 0..5 {
        fixture.advance(1);
        rooms.push(fixture.group("alice", &["bob"]).await);
    }
    fixture.group("carol", &[]).await;
    fixture.remove(rooms[2], "alice", &["bob"]).await;
    let own = fixture.store().own_rows(&user("bob")).await.unwrap();
    let expected = [rooms[0], rooms[1], rooms[3], rooms[4]];
    assert!(own.rows.iter().map(|row| row.room).eq(expected));
    assert!(own.rows.iter().all(|row| row.user == user("bob")));
    assert_eq!(own.user_rev.get(), 6);
    assert_eq!(fixture.store().own_rows(&user("nobody")).await.unwrap().rows, []);
}

pub async fn heads_and_details_come_in_the_order_asked(fixture: &Fixture) {
    let (a, b) = (fixture.group("alice", &[]).await, fixture.channel("alice", &[]).await);
    let nowhere = RoomId::from_bytes([7; 16]);
    let heads = fixture.store().heads(&[b, nowhere, a]).await.unwrap();
    assert!(heads.iter().map(|head| head.room).eq([b, a]));
    assert!(heads.iter().map(|head| head.kind).eq([RoomKind::Channel, RoomKind::Group]));
    let details = fixture.store().details(&user("alice"), &[b, nowhere, a]).await.unwrap();
    assert!(details.iter().map(|details| details.room.id).eq([b, a]));
    assert_eq!(fixture.store().room_row(&user("alice"), nowhere).await.unwrap(), None);
    assert_eq!(fixture.store().room_row(&user("bob"), a).await.unwrap(), None);
}

pub async fn standing_is_the_own_row_the_head_and_the_room(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let standing = async |name| fixture.store().standing(&user(name), room).await.unwrap();
    for text in ["one", "two"] {
        let sent = fixture.send(room, "alice", text).await;
        let row = fixture.store().room_row(&user("alice"), room).await.unwrap().unwrap();
        let alice = standing("alice").await.unwrap();
        assert_eq!((alice.head.seq, alice.own.read_seq), (sent.seq, sent.seq));
        assert_eq!((alice.own, alice.head, alice.room), (row.own, row.head, row.details.room));
    }
    assert!(standing("bob").await.unwrap().own.is_member());
    fixture.remove(room, "alice", &["bob"]).await;
    assert!(!standing("bob").await.unwrap().own.is_member(), "a tombstone");
    assert_eq!(standing("carol").await, None);
    let nowhere = RoomId::from_bytes([7; 16]);
    assert_eq!(fixture.store().standing(&user("alice"), nowhere).await.unwrap(), None);
}

pub async fn details_show_the_last_message_and_the_peer(fixture: &Fixture) {
    let named = ProfileChange { name: Some("Bob".to_owned()), ..ProfileChange::default() };
    fixture.store().upsert_users(&[(user("bob"), named)]).await.unwrap();
    let direct = fixture.direct("alice", "bob").await;
    let group = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(direct, "bob", "hello").await.seq;
    fixture.edit(direct, "bob", target, "hello!").await;
    let details = fixture.store().details(&user("alice"), &[direct, group]).await.unwrap();
    let last = details[0].last.as_ref().unwrap();
    assert_eq!((last.seq, message_of(last).text.as_str()), (target, "hello!"));
    let peer = details[0].peer.as_ref().unwrap();
    assert_eq!((&peer.user, peer.name.as_str()), (&user("bob"), "Bob"));
    assert_eq!((&details[1].last, &details[1].peer), (&None, &None));
    let details = fixture.store().details(&user("bob"), &[direct]).await.unwrap();
    assert_eq!(details[0].peer.as_ref().unwrap().user, user("alice"));
}

pub async fn every_own_fact_has_the_next_revision_and_stamps_the_row(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let other = fixture.direct("carol", "bob").await;
    fixture.send(room, "alice", "one").await;
    fixture.read(room, "bob", 2).await;
    fixture.store().mark_unread(&user("bob"), other).await.unwrap();
    let pin = SettingsChange { pinned: Some(true), ..SettingsChange::default() };
    fixture.store().change_settings(&user("bob"), room, pin).await.unwrap();
    fixture.remove(room, "alice", &["bob"]).await;
    let facts = fixture.own_facts("bob");
    let revs: Vec<u64> = facts.iter().map(|fact| fact.user_rev.get()).collect();
    assert_eq!(revs, (1..=6).collect::<Vec<_>>());
    assert_eq!(fixture.user_rev("bob").await, 6);
    assert_eq!(fixture.row("bob", other).await.user_rev.get(), 4);
    assert_eq!(fixture.row("bob", room).await.user_rev.get(), 6);
}

pub async fn changes_are_the_rows_since_a_revision_tombstones_included(fixture: &Fixture) {
    let first = fixture.group("alice", &["bob"]).await;
    let second = fixture.group("alice", &["bob"]).await;
    assert_eq!(changed(fixture, "bob", 0).await, Some(vec![1, 2]));
    assert_eq!(changed(fixture, "bob", 2).await, Some(vec![]));
    fixture.read(first, "bob", 1).await;
    assert_eq!(changed(fixture, "bob", 0).await, Some(vec![2, 3]));
    fixture.remove(second, "alice", &["bob"]).await;
    assert_eq!(changed(fixture, "bob", 3).await, Some(vec![4]));
    let Changes::Rows { rows, .. } = fixture.store().changes(&user("bob"), UserRev(3)).await.unwrap() else {
        panic!("rows are known")
    };
    assert!(!rows[0].is_member());
    assert_eq!(changed(fixture, "nobody", 0).await, Some(vec![]));
}

pub async fn a_revision_from_the_future_or_too_many_changes_start_anew(fixture: &Fixture) {
    fixture.limit(|limits| limits.changes_items = 3).await;
    for _ in 0..4 {
        fixture.group("alice", &["bob"]).await;
    }
    assert_eq!(changed(fixture, "bob", 0).await, None);
    assert_eq!(changed(fixture, "bob", 1).await, Some(vec![2, 3, 4]));
    assert_eq!(changed(fixture, "bob", 5).await, None);
}

pub async fn a_client_that_missed_a_swept_tombstone_starts_anew(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.group("alice", &["bob"]).await;
    fixture.remove(room, "alice", &["bob"]).await;
    fixture.advance(31 * DAY_MS);
    fixture.store().sweep(1_000).await.unwrap();
    assert_eq!(fixture.store().room_row(&user("bob"), room).await.unwrap(), None);
    assert_eq!(changed(fixture, "bob", 2).await, None);
    assert_eq!(changed(fixture, "bob", 3).await, Some(vec![]));
}

pub async fn settings_merge_and_a_change_that_changes_nothing_is_none(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let (store, bob) = (fixture.store(), user("bob"));
    let pin =
        SettingsChange { pinned: Some(true), custom: Some(json(r#"{"a":1}"#)), ..SettingsChange::default() };
    let (settings, rev) = store.change_settings(&bob, room, pin.clone()).await.unwrap();
    assert!(settings.pinned);
    assert_eq!(settings.custom, pin.custom);
    let fact = fixture.own_facts("bob").pop().unwrap();
    assert_eq!((fact.change, fact.user_rev), (OwnChange::Settings(settings.clone()), rev));
    let commits = fixture.last_commit().await;
    assert_eq!(store.change_settings(&bob, room, pin).await.unwrap(), (settings.clone(), rev));
    let nothing = store.change_settings(&bob, room, SettingsChange::default()).await.unwrap();
    assert_eq!(nothing, (settings, rev));
    assert_eq!(fixture.last_commit().await, commits);
    let clear = SettingsChange { custom: Some(JsonObject::empty()), ..SettingsChange::default() };
    let (settings, _) = store.change_settings(&bob, room, clear).await.unwrap();
    assert_eq!((settings.custom, settings.pinned), (None, true));
    assert_eq!(fixture.row("alice", room).await.settings, bongsu_types::Settings::default());
}

pub async fn a_request_stands_until_it_is_accepted(fixture: &Fixture) {
    let request = CreateRoom { request: true, ..room(RoomKind::Direct, "alice", &["bob"]) };
    let room = fixture.create(request).await;
    assert!(fixture.row("bob", room).await.request);
    assert!(!fixture.row("alice", room).await.request);
    fixture.send(room, "alice", "hello").await;
    let rev = fixture.store().accept(&user("bob"), room).await.unwrap();
    let row = fixture.row("bob", room).await;
    assert_eq!((row.request, row.user_rev, row.joined_seq), (false, rev, Seq(1)));
    let fact = fixture.own_facts("bob").pop().unwrap();
    assert_eq!((fact.change, fact.user_rev), (OwnChange::Joined { from_seq: Seq(1) }, rev));
    assert_eq!(fixture.unread("bob", room).await, 1, "accepting reads nothing");
    let commits = fixture.last_commit().await;
    assert_eq!(fixture.store().accept(&user("bob"), room).await.unwrap(), rev);
    assert_eq!(fixture.last_commit().await, commits);
}

pub async fn the_first_own_send_accepts_a_request(fixture: &Fixture) {
    let request = CreateRoom { request: true, ..room(RoomKind::Direct, "alice", &["bob"]) };
    let room = fixture.create(request).await;
    fixture.send(room, "bob", "hi").await;
    assert!(!fixture.row("bob", room).await.request);
    assert_eq!(fixture.own_facts("bob").pop().unwrap().change, OwnChange::Joined { from_seq: Seq(1) });
    assert_eq!(fixture.last_told().facts.len(), 2, "one commit with the message");
    let rev = fixture.user_rev("bob").await;
    fixture.send(room, "bob", "again").await;
    assert_eq!(fixture.user_rev("bob").await, rev);
}

pub async fn users_are_created_and_changed_by_name(fixture: &Fixture) {
    let store = fixture.store();
    let full = ProfileChange {
        name: Some("Alice".to_owned()),
        image: Some("a.png".to_owned()),
        data: Some(json(r#"{"a":1}"#)),
    };
    store
        .upsert_users(&[(user("alice"), full.clone()), (user("bob"), ProfileChange::default())])
        .await
        .unwrap();
    let known = store.profiles(&users(&["bob", "alice", "nobody"])).await.unwrap();
    assert_eq!((known[0].user.as_str(), known[0].name.as_str()), ("bob", ""));
    assert_eq!((known[1].name.as_str(), known[1].image.as_str()), ("Alice", "a.png"));
    assert_eq!((known.len(), &known[1].data), (2, &full.data));
    let commits = fixture.last_commit().await;
    store.upsert_users(&[(user("alice"), full)]).await.unwrap();
    assert_eq!(fixture.last_commit().await, commits);
    let clear = ProfileChange {
        image: Some(String::new()),
        data: Some(JsonObject::empty()),
        ..ProfileChange::default()
    };
    store.upsert_users(&[(user("alice"), clear)]).await.unwrap();
    let known = store.profiles(&[user("alice")]).await.unwrap();
    assert_eq!((known[0].name.as_str(), known[0].image.as_str(), &known[0].data), ("Alice", "", &None));
}

pub async fn revisions_are_dense_when_many_rooms_change_at_once(fixture: &Fixture) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let store = fixture.store();
        tasks.spawn(async move {
            let request = room(RoomKind::Group, &format!("u{number}"), &["bob"]);
            let created = store.create_room(request).await.unwrap().room;
            store.mark_read(&user("bob"), created, Seq(1)).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let revs: Vec<u64> = fixture.own_facts("bob").iter().map(|fact| fact.user_rev.get()).collect();
    assert_eq!(revs, (1..=24).collect::<Vec<_>>(), "dense, and told in order");
    assert_eq!(fixture.user_rev("bob").await, 24);
    let known = changed(fixture, "bob", 0).await.unwrap();
    assert_eq!(known.len(), 12);
}
