//! Creating rooms once, finding them again, and changing what they are.

use bongsu_types::{JsonObject, RecordBody, Retention, Role, RoomChange, RoomKind, Seq};

use super::Fixture;
use super::acts::{json, once, refused, room, room_key, update, user, users};
use crate::{Authority, CreateRoom, KeyScopeOfRoom, LoseReply, Refusal, Rooms, UpdateRoom};

fn keyed(scope: KeyScopeOfRoom, key: &str, creator: &str, others: &[&str]) -> CreateRoom {
    CreateRoom { key: Some((scope, room_key(key))), ..room(RoomKind::Group, creator, others) }
}

pub async fn a_group_begins_with_one_record_of_all_its_users(fixture: &Fixture) {
    let request = CreateRoom {
        name: "name".to_owned(),
        image: "image".to_owned(),
        data: Some(json(r#"{"a":1}"#)),
        history_before_join: true,
        ..room(RoomKind::Group, "carol", &["alice", "bob"])
    };
    let created = fixture.store().create_room(request.clone()).await.unwrap();
    assert!(created.created);
    let log = fixture.log(created.room).await;
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].seq, &log[0].actor), (Seq(1), &user("carol")));
    assert_eq!(log[0].body, RecordBody::MemberAdded { users: users(&["carol", "alice", "bob"]) });
    let kept = fixture.store().room(created.room).await.unwrap().unwrap();
    assert_eq!((&kept.name, &kept.image, &kept.data), (&request.name, &request.image, &request.data));
    assert_eq!((kept.kind, kept.history_before_join), (RoomKind::Group, true));
    assert_eq!((kept.creator, kept.created_ms, kept.pair), (user("carol"), fixture.now(), None));
    for (name, role) in [("alice", Role::Member), ("bob", Role::Member), ("carol", Role::Owner)] {
        let row = fixture.row(name, created.room).await;
        assert_eq!((row.role, row.joined_seq, row.read_seq), (role, Seq(1), Seq(0)));
        assert_eq!((row.user_rev.get(), row.request), (1, false));
    }
    assert_eq!(fixture.head(created.room).await.members, 3);
}

pub async fn a_channel_begins_with_an_empty_log(fixture: &Fixture) {
    let room = fixture.channel("alice", &["bob"]).await;
    let head = fixture.head(room).await;
    assert_eq!((head.seq, head.members), (Seq(0), 2));
    assert_eq!(fixture.row("bob", room).await.joined_seq, Seq(1));
    assert_eq!(fixture.own_facts("bob").len(), 1);
}

pub async fn both_users_of_a_direct_room_are_plain_members(fixture: &Fixture) {
    let room = fixture.direct("bob", "alice").await;
    let kept = fixture.store().room(room).await.unwrap().unwrap();
    assert_eq!(kept.pair, Some((user("alice"), user("bob"))));
    for name in ["alice", "bob"] {
        assert_eq!(fixture.row(name, room).await.role, Role::Member);
    }
    assert_eq!(fixture.log(room).await[0].body, RecordBody::MemberAdded { users: users(&["bob", "alice"]) });
}

pub async fn a_direct_room_is_found_by_its_pair_from_either_side(fixture: &Fixture) {
    let first = fixture.direct("alice", "bob").await;
    let commits = fixture.last_commit().await;
    for (creator, other) in [("alice", "bob"), ("bob", "alice")] {
        let again = fixture.store().create_room(room(RoomKind::Direct, creator, &[other])).await.unwrap();
        assert_eq!((again.room, again.created), (first, false));
    }
    assert_eq!(fixture.last_commit().await, commits);
    assert_ne!(fixture.direct("alice", "carol").await, first);
}

pub async fn a_pair_created_from_both_sides_at_once_is_one_room(fixture: &Fixture) {
    for round in 0..10 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let store = fixture.store();
        let (first, second) = tokio::join!(
            store.create_room(room(RoomKind::Direct, &a, &[&b])),
            store.create_room(room(RoomKind::Direct, &b, &[&a])),
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first.room, second.room);
        assert_ne!(first.created, second.created);
        assert_eq!(fixture.store().own_rows(&user(&a)).await.unwrap().rows.len(), 1);
    }
}

pub async fn a_key_makes_creation_idempotent(fixture: &Fixture) {
    let request = keyed(KeyScopeOfRoom::Creator, "k", "alice", &["bob"]);
    let first = fixture.store().create_room(request.clone()).await.unwrap();
    let other = CreateRoom { name: "ignored".to_owned(), members: users(&["carol"]), ..request };
    let again = fixture.store().create_room(other).await.unwrap();
    assert_eq!((again.room, first.created, again.created), (first.room, true, false));
    let kept = fixture.store().room(first.room).await.unwrap().unwrap();
    assert_eq!((kept.name.as_str(), kept.key), ("", Some(room_key("k"))));
    assert_eq!(fixture.head(first.room).await.members, 2);
}

pub async fn a_key_used_twice_at_once_is_one_room(fixture: &Fixture) {
    let request = keyed(KeyScopeOfRoom::Creator, "k", "alice", &["bob"]);
    let store = fixture.store();
    let (first, second) = tokio::join!(store.create_room(request.clone()), store.create_room(request));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.room, second.room);
    assert_ne!(first.created, second.created);
}

pub async fn a_key_belongs_to_its_creator_and_a_global_one_to_all(fixture: &Fixture) {
    let mine = fixture.create(keyed(KeyScopeOfRoom::Creator, "k", "alice", &["bob"])).await;
    let yours = fixture.create(keyed(KeyScopeOfRoom::Creator, "k", "bob", &["alice"])).await;
    let global = fixture.create(keyed(KeyScopeOfRoom::Global, "k", "alice", &["bob"])).await;
    assert!(mine != yours && yours != global && mine != global);
    assert_eq!(fixture.create(keyed(KeyScopeOfRoom::Global, "k", "bob", &[])).await, global);
}

pub async fn an_existing_key_is_no_room_to_those_outside(fixture: &Fixture) {
    let global = fixture.create(keyed(KeyScopeOfRoom::Global, "k", "alice", &["bob"])).await;
    let stranger = keyed(KeyScopeOfRoom::Global, "k", "carol", &[]);
    assert_eq!(refused(fixture.store().create_room(stranger).await), Refusal::RoomNotFound);
    fixture.store().leave(global, &user("bob")).await.unwrap();
    let left = keyed(KeyScopeOfRoom::Global, "k", "bob", &[]);
    assert_eq!(refused(fixture.store().create_room(left).await), Refusal::RoomNotFound);
}

pub async fn named_users_are_created(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.add(room, "alice", &["carol"]).await;
    let known = fixture.store().profiles(&users(&["carol", "nobody", "alice", "bob"])).await.unwrap();
    let names: Vec<_> = known.iter().map(|profile| profile.user.as_str()).collect();
    assert_eq!(names, ["carol", "alice", "bob"]);
}

pub async fn members_of_a_new_room_are_bounded_by_its_kind(fixture: &Fixture) {
    fixture
        .limit(|limits| {
            limits.group_members = 3;
            limits.channel_members = 4;
            limits.small_room_members = 2;
        })
        .await;
    let store = fixture.store();
    let (three, four, five) = (["b", "c"], ["b", "c", "d"], ["b", "c", "d", "e"]);
    let refusal = |answer| refused::<crate::Created>(answer);
    let group = store.create_room(room(RoomKind::Group, "a", &four)).await;
    assert_eq!(refusal(group), Refusal::LimitReached { limit: "group_members", max: 3 });
    let channel = store.create_room(room(RoomKind::Channel, "a", &five)).await;
    assert_eq!(refusal(channel), Refusal::LimitReached { limit: "channel_members", max: 4 });
    let transit = CreateRoom { retention: Retention::Transit, ..room(RoomKind::Group, "a", &three) };
    let transit = store.create_room(transit).await;
    assert_eq!(refusal(transit), Refusal::LimitReached { limit: "small_room_members", max: 2 });
    assert_eq!(fixture.last_commit().await.get(), 0, "a refused creation leaves nothing");
    fixture.group("a", &three).await;
    fixture.channel("a", &four).await;
    fixture.create(CreateRoom { retention: Retention::Transit, ..room(RoomKind::Direct, "a", &["b"]) }).await;
}

pub async fn rooms_of_a_user_are_bounded_but_requests_do_not_count_for_their_target(fixture: &Fixture) {
    fixture.limit(|limits| limits.rooms_per_user = 2).await;
    fixture.group("alice", &["bob"]).await;
    let second = fixture.group("alice", &[]).await;
    let full = Refusal::LimitReached { limit: "rooms_per_user", max: 2 };
    let store = fixture.store();
    assert_eq!(refused(store.create_room(room(RoomKind::Group, "alice", &[])).await), full);
    assert_eq!(refused(store.create_room(room(RoomKind::Group, "bob", &["alice"])).await), full);
    let bobs = fixture.group("bob", &[]).await;
    assert_eq!(refused(store.add_members(bobs, &user("bob"), &users(&["alice"])).await), full);

    let request = |from| CreateRoom { request: true, ..room(RoomKind::Direct, from, &["alice"]) };
    for stranger in ["carol", "dave", "erin"] {
        fixture.create(request(stranger)).await;
    }
    assert_eq!(refused(store.create_room(request("bob")).await), full, "bob himself is full");
    fixture.store().leave(second, &user("alice")).await.unwrap();
    fixture.group("alice", &[]).await;
}

pub async fn an_update_is_a_record_of_what_changed(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let named = RoomChange { name: Some("a".to_owned()), ..RoomChange::default() };
    fixture.store().update_room(UpdateRoom { change: named.clone(), ..update(room, "alice") }).await.unwrap();
    let both = RoomChange { image: Some("i".to_owned()), ..named };
    let changed =
        fixture.store().update_room(UpdateRoom { change: both, ..update(room, "alice") }).await.unwrap();
    let record = fixture.log(room).await.pop().unwrap();
    let only_image = RoomChange { image: Some("i".to_owned()), ..RoomChange::default() };
    assert_eq!((record.seq, record.body), (changed.seq, RecordBody::RoomUpdated(Box::new(only_image))));
    let kept = fixture.store().room(room).await.unwrap().unwrap();
    assert_eq!((kept.name.as_str(), kept.image.as_str()), ("a", "i"));
    fixture.assert_dense(room).await;
}

pub async fn an_update_that_changes_nothing_answers_the_head(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let commits = fixture.last_commit().await;
    let same = RoomChange {
        name: Some(String::new()),
        data: Some(JsonObject::empty()),
        history_before_join: Some(false),
        ..RoomChange::default()
    };
    for change in [same, RoomChange::default()] {
        let changed =
            fixture.store().update_room(UpdateRoom { change, ..update(room, "alice") }).await.unwrap();
        assert_eq!(changed.seq, Seq(2));
    }
    assert_eq!(fixture.last_commit().await, commits);
}

pub async fn an_update_clears_with_empty_values(fixture: &Fixture) {
    let request = CreateRoom {
        name: "name".to_owned(),
        image: "image".to_owned(),
        data: Some(json(r#"{"a":1}"#)),
        ..room(RoomKind::Channel, "alice", &[])
    };
    let room = fixture.create(request).await;
    let change = RoomChange {
        name: Some(String::new()),
        image: Some(String::new()),
        data: Some(JsonObject::empty()),
        ..RoomChange::default()
    };
    fixture
        .store()
        .update_room(UpdateRoom { change: change.clone(), ..update(room, "alice") })
        .await
        .unwrap();
    let kept = fixture.store().room(room).await.unwrap().unwrap();
    assert_eq!((kept.name.as_str(), kept.image.as_str(), kept.data), ("", "", None));
    assert_eq!(fixture.log(room).await[0].body, RecordBody::RoomUpdated(Box::new(change)));
}

pub async fn an_update_is_idempotent_by_its_key(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let named = |name: &str| UpdateRoom {
        once: Some(once("c-1", name)),
        change: RoomChange { name: Some(name.to_owned()), ..RoomChange::default() },
        ..update(room, "alice")
    };
    let first = fixture.store().update_room(named("a")).await.unwrap();
    let again = fixture.store().update_room(named("a")).await.unwrap();
    assert_eq!((again.seq, first.duplicate, again.duplicate), (first.seq, false, true));
    assert_eq!(refused(fixture.store().update_room(named("b")).await), Refusal::Conflict);
}

pub async fn a_direct_room_changes_only_its_data_and_only_by_a_server_key(fixture: &Fixture) {
    let room = fixture.direct("alice", "bob").await;
    let data = RoomChange { data: Some(json(r#"{"price":3}"#)), ..RoomChange::default() };
    let name = RoomChange { name: Some("n".to_owned()), ..data.clone() };
    let by_user = UpdateRoom { change: data.clone(), ..update(room, "alice") };
    assert_eq!(refused(fixture.store().update_room(by_user.clone()).await), Refusal::Forbidden);
    let by_server = UpdateRoom { authority: Authority::Server, ..by_user };
    let named = UpdateRoom { change: name, ..by_server.clone() };
    assert_eq!(refused(fixture.store().update_room(named).await), Refusal::Forbidden);
    fixture.store().update_room(by_server).await.unwrap();
    assert_eq!(fixture.store().room(room).await.unwrap().unwrap().data, data.data);
}

pub async fn a_large_room_does_not_become_transit(fixture: &Fixture) {
    fixture.limit(|limits| limits.small_room_members = 2).await;
    let large = fixture.group("alice", &["bob", "carol"]).await;
    let small = fixture.group("alice", &["bob"]).await;
    let change = RoomChange { retention: Some(Retention::Transit), ..RoomChange::default() };
    let refusal = Refusal::LimitReached { limit: "small_room_members", max: 2 };
    let store = fixture.store();
    let answer = store.update_room(UpdateRoom { change: change.clone(), ..update(large, "alice") }).await;
    assert_eq!(refused(answer), refusal);
    store.update_room(UpdateRoom { change, ..update(small, "alice") }).await.unwrap();
    assert_eq!(refused(store.add_members(small, &user("alice"), &users(&["carol"])).await), refusal);
}

pub async fn two_users_share_a_room_once_neither_holds_it_as_a_request(fixture: &Fixture) {
    let (alice, bob, store) = (user("alice"), user("bob"), fixture.store());
    assert!(!store.share_accepted_room(&alice, &bob).await.unwrap());
    let request = CreateRoom { request: true, ..room(RoomKind::Direct, "alice", &["bob"]) };
    let direct = fixture.create(request).await;
    assert!(!store.share_accepted_room(&alice, &bob).await.unwrap());
    assert!(!store.share_accepted_room(&bob, &alice).await.unwrap());
    store.accept(&bob, direct).await.unwrap();
    assert!(store.share_accepted_room(&alice, &bob).await.unwrap());
    let group = fixture.group("alice", &["carol"]).await;
    assert!(store.share_accepted_room(&alice, &user("carol")).await.unwrap());
    fixture.remove(group, "alice", &["carol"]).await;
    assert!(!store.share_accepted_room(&user("carol"), &alice).await.unwrap());
}

pub async fn a_creation_whose_reply_was_lost_is_found_by_its_key_or_pair(fixture: &Fixture) {
    let faulty = LoseReply::new(fixture.store());
    let direct = room(RoomKind::Direct, "alice", &["bob"]);
    for request in [keyed(KeyScopeOfRoom::Creator, "k", "alice", &["bob"]), direct] {
        faulty.lose_next(1);
        faulty.create_room(request.clone()).await.unwrap_err();
        let again = faulty.create_room(request).await.unwrap();
        assert!(!again.created);
        assert_eq!(fixture.head(again.room).await.seq, Seq(1));
    }
    assert_eq!(fixture.store().own_rows(&user("bob")).await.unwrap().rows.len(), 2);
}
