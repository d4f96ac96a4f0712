//! Devices: sessions and their numbers, cursors and where they start, tokens that are refused.

use bongsu_types::{Epoch, Fact, KeyScope, Millis, RoomId, Seq, ServerKey, SessionNo, UserRev};

use super::acts::{device, hello, refused, user};
use super::{DAY_MS, Fixture};
use crate::{Hello, Opened, ProfileChange, Refusal, SettingsChange};

fn cursor(opened: &Opened, room: RoomId) -> Option<u64> {
    opened.cursors.iter().find(|(of, _)| *of == room).map(|(_, seq)| seq.get())
}

async fn active(fixture: &Fixture, name: &str) -> Vec<String> {
    let devices = fixture.store().devices(&user(name)).await.unwrap();
    devices.iter().map(|device| device.info.id.to_string()).collect()
}

pub async fn a_new_device_starts_at_the_heads(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let opened = fixture.hello("bob", "phone").await;
    assert_eq!((opened.resumed, opened.session_no), (false, SessionNo(1)));
    assert_eq!(opened.cursors, [(room, Seq(2))]);
    assert_eq!((opened.epoch, opened.user_rev.get()), (fixture.store().epoch(), 1));
    let known = fixture.store().devices(&user("bob")).await.unwrap();
    assert_eq!((known.len(), known[0].session_no), (1, SessionNo(1)));
    assert_eq!(known[0].last_active_ms, fixture.now());
}

pub async fn a_known_device_resumes_where_it_acked(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.hello("bob", "phone").await;
    for text in ["a", "b", "c"] {
        fixture.send(room, "alice", text).await;
    }
    fixture.ack("bob", "phone", &[(room, 3)]).await;
    let opened = fixture.hello("bob", "phone").await;
    assert_eq!((opened.resumed, opened.session_no), (true, SessionNo(2)));
    assert_eq!(cursor(&opened, room), Some(3));
}

pub async fn each_device_has_its_own_cursors(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.hello("bob", "phone").await;
    fixture.hello("bob", "laptop").await;
    fixture.send(room, "alice", "a").await;
    fixture.ack("bob", "laptop", &[(room, 2)]).await;
    assert_eq!(cursor(&fixture.hello("bob", "phone").await, room), Some(1));
    assert_eq!(cursor(&fixture.hello("bob", "laptop").await, room), Some(2));
}

pub async fn a_room_without_a_cursor_starts_at_the_join(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    fixture.hello("bob", "phone").await;
    fixture.send(room, "alice", "before").await;
    let joined = fixture.add(room, "alice", &["bob"]).await.seq;
    fixture.send(room, "alice", "after").await;
    let opened = fixture.hello("bob", "phone").await;
    assert_eq!(cursor(&opened, room), Some(joined.get() - 1), "never at the head");
}

pub async fn after_joining_again_the_cursor_is_at_least_the_join(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.hello("bob", "phone").await;
    fixture.remove(room, "alice", &["bob"]).await;
    assert_eq!(cursor(&fixture.hello("bob", "phone").await, room), None);
    fixture.send(room, "alice", "without bob").await;
    let joined = fixture.add(room, "alice", &["bob"]).await.seq;
    assert_eq!(cursor(&fixture.hello("bob", "phone").await, room), Some(joined.get() - 1));
}

pub async fn cursors_only_grow_and_stop_at_the_head(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.hello("bob", "phone").await;
    for text in ["a", "b", "c"] {
        fixture.send(room, "alice", text).await;
    }
    for (acked, expected) in [(2, 2), (1, 2), (3, 3), (99, 4)] {
        fixture.ack("bob", "phone", &[(room, acked)]).await;
        assert_eq!(cursor(&fixture.hello("bob", "phone").await, room), Some(expected));
    }
    fixture.send(room, "alice", "d").await;
    assert_eq!(cursor(&fixture.hello("bob", "phone").await, room), Some(4));
}

pub async fn a_hello_brings_newer_cursors(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let foreign = fixture.group("alice", &[]).await;
    fixture.hello("bob", "phone").await;
    fixture.send(room, "alice", "a").await;
    fixture.send(room, "alice", "b").await;
    let epoch = Some(fixture.store().epoch());
    let cursors = vec![(room, Seq(2)), (foreign, Seq(1)), (RoomId::from_bytes([7; 16]), Seq(1))];
    let with = |cursors| Hello { cursors, ..hello("bob", "phone", fixture.now(), epoch) };
    let opened = fixture.store().hello(with(cursors)).await.unwrap();
    assert_eq!(opened.cursors, [(room, Seq(2))]);
    let opened = fixture.store().hello(with(vec![(room, Seq(1))])).await.unwrap();
    assert_eq!(opened.cursors, [(room, Seq(2))]);
}

pub async fn a_cursor_above_the_head_resets_all_cursors(fixture: &Fixture) {
    let rooms = [fixture.group("alice", &["bob"]).await, fixture.group("alice", &["bob"]).await];
    let foreign = fixture.group("alice", &[]).await;
    fixture.hello("bob", "phone").await;
    for room in rooms {
        fixture.send(room, "alice", "a").await;
    }
    let epoch = Some(fixture.store().epoch());
    let with = |cursors| Hello { cursors, ..hello("bob", "phone", fixture.now(), epoch) };
    let elsewhere = vec![(rooms[0], Seq(2)), (foreign, Seq(99)), (RoomId::from_bytes([7; 16]), Seq(99))];
    let opened = fixture.store().hello(with(elsewhere)).await.unwrap();
    assert!(opened.resumed, "only rooms of the user tell");
    assert_eq!((cursor(&opened, rooms[0]), cursor(&opened, rooms[1])), (Some(2), Some(1)));
    let opened = fixture.store().hello(with(vec![(rooms[0], Seq(3))])).await.unwrap();
    assert!(!opened.resumed, "the client knows of what never was in this store");
    assert_eq!((cursor(&opened, rooms[0]), cursor(&opened, rooms[1])), (Some(2), Some(2)));
    assert!(fixture.hello("bob", "phone").await.resumed);
}

pub async fn a_hello_answers_the_revision_of_its_own_commit(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let (store, bob) = (fixture.store(), user("bob"));
    for round in 0..20 {
        let greeting = hello("bob", "phone", fixture.now(), Some(store.epoch()));
        let pinned = SettingsChange { pinned: Some(round % 2 == 0), ..SettingsChange::default() };
        let (opened, changed) =
            tokio::join!(store.hello(greeting), store.change_settings(&bob, room, pinned));
        changed.unwrap();
        let opened = opened.unwrap();
        let mut rev = UserRev::ZERO;
        for fact in fixture.facts_since(0) {
            match fact {
                Fact::Own(own) if own.user == bob => rev = own.user_rev,
                Fact::SessionOpened { session_no, .. } if session_no == opened.session_no => break,
                _ => {}
            }
        }
        assert_eq!(opened.user_rev, rev, "what follows has a greater one");
    }
}

pub async fn another_epoch_or_none_resets_the_cursors(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    for epoch in [Some(Epoch(999)), None] {
        fixture.hello("bob", "phone").await;
        fixture.send(room, "alice", "a").await;
        let cursors = vec![(room, Seq(1))];
        let greeting = Hello { cursors, ..hello("bob", "phone", fixture.now(), epoch) };
        let opened = fixture.store().hello(greeting).await.unwrap();
        assert!(!opened.resumed);
        assert_eq!(cursor(&opened, room), Some(fixture.head(room).await.seq.get()));
        let again = fixture.hello("bob", "phone").await;
        assert!(again.resumed);
        assert_eq!(again.cursors, opened.cursors);
    }
}

pub async fn cursors_of_many_rooms_are_all_kept(fixture: &Fixture) {
    let mut rooms = Vec::new();
    for number in 0..300 {
        fixture.advance(1);
        rooms.push(fixture.group("bob", &["alice"]).await);
        fixture.send(rooms[number], "bob", "a").await;
    }
    let epoch = Some(fixture.store().epoch());
    fixture.store().hello(hello("alice", "phone", fixture.now(), epoch)).await.unwrap();
    for room in &rooms {
        fixture.send(*room, "bob", "b").await;
    }
    let acked: Vec<_> = rooms.iter().step_by(3).map(|room| (*room, 3)).collect();
    fixture.ack("alice", "phone", &acked).await;
    let opened = fixture.hello("alice", "phone").await;
    assert_eq!(opened.cursors.len(), 300);
    for (number, room) in rooms.iter().enumerate() {
        assert_eq!(cursor(&opened, *room), Some(if number % 3 == 0 { 3 } else { 2 }));
    }
}

pub async fn acks_of_unknown_devices_and_foreign_rooms_are_ignored(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let commits = fixture.last_commit().await;
    fixture.ack("bob", "unknown", &[(room, 1)]).await;
    fixture.ack("nobody", "phone", &[(room, 1)]).await;
    assert_eq!(fixture.last_commit().await, commits);
    assert_eq!(active(fixture, "bob").await, Vec::<String>::new());
    fixture.hello("carol", "phone").await;
    fixture.ack("carol", "phone", &[(room, 1), (RoomId::from_bytes([7; 16]), 1)]).await;
    assert_eq!(fixture.hello("carol", "phone").await.cursors, []);
}

pub async fn acks_move_the_last_activity_but_never_back(fixture: &Fixture) {
    fixture.hello("bob", "phone").await;
    let (store, bob, phone) = (fixture.store(), user("bob"), device("phone"));
    let later = fixture.now().plus(5_000);
    store.store_cursors(&bob, &phone, &[], later).await.unwrap();
    store.store_cursors(&bob, &phone, &[], later.minus(3_000)).await.unwrap();
    assert_eq!(store.devices(&bob).await.unwrap()[0].last_active_ms, later);
}

pub async fn a_newer_session_takes_over_by_its_number(fixture: &Fixture) {
    for number in 1..=3 {
        let opened = fixture.hello("bob", "phone").await;
        assert_eq!(opened.session_no, SessionNo(number));
        let expected =
            Fact::SessionOpened { user: user("bob"), device: device("phone"), session_no: SessionNo(number) };
        assert_eq!(fixture.last_told().facts, [expected]);
    }
    assert_eq!(fixture.hello("bob", "laptop").await.session_no, SessionNo(1));
}

pub async fn sessions_opened_at_once_have_different_numbers(fixture: &Fixture) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = fixture.store();
        let greeting = hello("bob", "phone", fixture.now(), Some(store.epoch()));
        tasks.spawn(async move { store.hello(greeting).await.unwrap().session_no.get() });
    }
    let mut numbers = tasks.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
}

pub async fn one_device_too_many_replaces_the_least_recently_active(fixture: &Fixture) {
    fixture.limit(|limits| limits.devices_per_user = 2).await;
    fixture.hello("bob", "first").await;
    fixture.hello("bob", "second").await;
    fixture.hello("bob", "first").await;
    fixture.hello("bob", "third").await;
    assert_eq!(active(fixture, "bob").await, ["first", "third"]);
    let told = fixture.last_told();
    assert!(matches!(&told.facts[0], Fact::DeviceRemoved { device: id, .. } if *id == device("second")));
    assert!(matches!(&told.facts[1], Fact::SessionOpened { device: id, .. } if *id == device("third")));
    let rev = fixture.user_rev("bob").await;
    assert!(matches!(told.facts[0], Fact::DeviceRemoved { user_rev, .. } if user_rev.get() == rev));

    let old_token = hello("bob", "second", Millis(1), Some(fixture.store().epoch()));
    let back = fixture.store().hello(old_token).await.unwrap();
    assert!(!back.resumed, "replaced, so it starts anew; its token is as good as before");
}

pub async fn a_removed_device_refuses_the_tokens_it_had(fixture: &Fixture) {
    fixture.hello("bob", "phone").await;
    fixture.hello("bob", "laptop").await;
    let rev = fixture.store().remove_device(&user("bob"), &device("phone")).await.unwrap();
    assert_eq!(rev.get(), fixture.user_rev("bob").await);
    let expected = Fact::DeviceRemoved { user: user("bob"), device: device("phone"), user_rev: rev };
    assert_eq!(fixture.last_told().facts, [expected]);
    assert_eq!(active(fixture, "bob").await, ["laptop"]);

    let epoch = Some(fixture.store().epoch());
    let same_instant = hello("bob", "phone", fixture.now(), epoch);
    assert_eq!(refused(fixture.store().hello(same_instant).await), Refusal::TokenRevoked);
    let other_device = hello("bob", "laptop", fixture.now(), epoch);
    fixture.store().hello(other_device).await.unwrap();
    let opened = fixture.hello("bob", "phone").await;
    assert!(!opened.resumed);
    assert_eq!(opened.session_no, SessionNo(2), "session numbers never go back");
}

pub async fn only_an_active_device_is_removed(fixture: &Fixture) {
    fixture.hello("bob", "phone").await;
    let remove = async |name: &str| fixture.store().remove_device(&user("bob"), &device(name)).await;
    assert_eq!(refused(remove("other").await), Refusal::NotFound);
    remove("phone").await.unwrap();
    assert_eq!(refused(remove("phone").await), Refusal::NotFound);
}

pub async fn a_revoked_user_needs_a_newer_token(fixture: &Fixture) {
    let store = fixture.store();
    fixture.hello("bob", "phone").await;
    assert_eq!(store.revoked_before(&user("bob")).await.unwrap(), Millis::ZERO);
    store.revoke_user(&user("bob")).await.unwrap();
    let before_ms = fixture.now();
    assert_eq!(fixture.last_told().facts, [Fact::UserRevoked { user: user("bob"), before_ms }]);
    assert_eq!(store.revoked_before(&user("bob")).await.unwrap(), before_ms);
    for name in ["phone", "laptop"] {
        let old = hello("bob", name, before_ms, Some(store.epoch()));
        assert_eq!(refused(store.hello(old).await), Refusal::TokenRevoked);
    }
    assert!(fixture.hello("bob", "phone").await.resumed, "the device itself stays");
    fixture.hello("alice", "phone").await;
}

pub async fn an_idle_device_expires_and_starts_anew(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.hello("bob", "idle").await;
    fixture.hello("bob", "busy").await;
    fixture.advance(20 * DAY_MS);
    fixture.ack("bob", "busy", &[]).await;
    fixture.advance(11 * DAY_MS);
    let rev = fixture.user_rev("bob").await;
    assert_eq!(fixture.store().expire_devices().await.unwrap(), 1);
    assert_eq!(fixture.store().expire_devices().await.unwrap(), 0);
    assert_eq!(active(fixture, "bob").await, ["busy"]);
    assert_eq!(fixture.user_rev("bob").await, rev);
    fixture.send(room, "alice", "one").await;
    let opened = fixture.hello("bob", "idle").await;
    assert!(!opened.resumed);
    assert_eq!((cursor(&opened, room), opened.session_no), (Some(2), SessionNo(2)));
}

pub async fn a_hello_stores_what_the_token_and_the_client_say(fixture: &Fixture) {
    let mut greeting = hello("bob", "phone", fixture.now(), None);
    greeting.device.platform = "ios".to_owned();
    greeting.device.name = "Bob's".to_owned();
    greeting.profile = Some(ProfileChange { name: Some("Bob".to_owned()), ..ProfileChange::default() });
    fixture.store().hello(greeting).await.unwrap();
    let known = fixture.store().devices(&user("bob")).await.unwrap();
    assert_eq!((known[0].info.platform.as_str(), known[0].info.name.as_str()), ("ios", "Bob's"));
    assert_eq!(fixture.store().profiles(&[user("bob")]).await.unwrap()[0].name, "Bob");
    fixture.hello("bob", "phone").await;
    assert_eq!(fixture.store().profiles(&[user("bob")]).await.unwrap()[0].name, "Bob");
    fixture.hello("carol", "phone").await;
    assert_eq!(fixture.store().profiles(&[user("carol")]).await.unwrap()[0].name, "");
}

pub async fn a_profile_that_changed_is_a_fact_of_its_commit(fixture: &Fixture) {
    let changed = |fixture: &Fixture| {
        let is_change = |fact: &&Fact| matches!(fact, Fact::ProfileChanged { .. });
        let told = fixture.committed();
        told.last().map_or_else(Vec::new, |last| last.facts.iter().filter(is_change).cloned().collect())
    };
    let named = |name: &str| ProfileChange { name: Some(name.to_owned()), ..ProfileChange::default() };
    let (bob, carol) = (user("bob"), user("carol"));
    let both = [(bob.clone(), named("Bob")), (carol.clone(), named("Carol"))];
    fixture.store().upsert_users(&both).await.unwrap();
    let facts = [Fact::ProfileChanged { user: bob.clone() }, Fact::ProfileChanged { user: carol.clone() }];
    assert_eq!(changed(fixture), facts);
    let both = [(bob.clone(), named("Robert")), (carol, named("Carol"))];
    fixture.store().upsert_users(&both).await.unwrap();
    assert_eq!(changed(fixture), [Fact::ProfileChanged { user: bob.clone() }]);
    let mut greeting = hello("bob", "phone", fixture.now(), None);
    greeting.profile = Some(named("Bob"));
    fixture.store().hello(greeting).await.unwrap();
    assert_eq!(changed(fixture), [Fact::ProfileChanged { user: bob }]);
    fixture.hello("bob", "phone").await;
    assert_eq!(changed(fixture), []);
}

pub async fn a_refused_hello_leaves_no_trace(fixture: &Fixture) {
    fixture.store().revoke_user(&user("bob")).await.unwrap();
    let commits = fixture.last_commit().await;
    let old = hello("bob", "phone", fixture.now(), None);
    assert_eq!(refused(fixture.store().hello(old).await), Refusal::TokenRevoked);
    assert_eq!(fixture.last_commit().await, commits);
    assert_eq!(fixture.store().devices(&user("bob")).await.unwrap(), []);
}

pub async fn server_keys_are_kept_by_id(fixture: &Fixture) {
    let key = |id: &str, hash: u8| ServerKey {
        id: id.to_owned(),
        hash: [hash; 32],
        scopes: vec![KeyScope::Act, KeyScope::Users],
        created_ms: Millis(5),
        revoked_ms: None,
    };
    let store = fixture.store();
    store.put_server_key(key("b", 1)).await.unwrap();
    store.put_server_key(key("a", 2)).await.unwrap();
    let revoked = ServerKey { revoked_ms: Some(Millis(9)), ..key("b", 3) };
    store.put_server_key(revoked.clone()).await.unwrap();
    assert_eq!(store.server_keys().await.unwrap(), [key("a", 2), revoked]);
}
