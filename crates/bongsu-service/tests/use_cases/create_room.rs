//! Creating rooms: kinds, keys, requests, bounds, rate.

use bongsu_service::{NewRoom, ServiceError, ServiceSettings};
use bongsu_types::{KeyScope, Retention, Role, RoomKey, RoomKind};

use crate::fixture::*;

fn keyed(kind: RoomKind, others: &[&str], key: &str) -> NewRoom {
    NewRoom { key: Some(RoomKey::new(key).unwrap()), ..new_room(kind, others) }
}

#[tokio::test]
async fn a_direct_room_is_found_by_its_two_users() {
    let world = World::new();
    let first =
        world.service.create_room(&actor("alice"), new_room(RoomKind::Direct, &["bob"])).await.unwrap();
    let again =
        world.service.create_room(&actor("bob"), new_room(RoomKind::Direct, &["alice"])).await.unwrap();
    assert_eq!((first.created, again.created, again.room), (true, false, first.room));
}

#[tokio::test]
async fn a_direct_room_has_exactly_one_other_and_no_key() {
    let world = World::new();
    let alice = actor("alice");
    for others in [&["alice"][..], &["bob", "carol"], &[]] {
        let refused = world.service.create_room(&alice, new_room(RoomKind::Direct, others)).await;
        assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "members", .. })), "{others:?}");
    }
    let refused = world.service.create_room(&alice, keyed(RoomKind::Direct, &["bob"], "k")).await;
    assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "key", .. })));
}

#[tokio::test]
async fn the_creator_owns_a_group_and_is_in_it_once() {
    let world = World::new();
    let room = world.group(&["alice", "alice", "bob", "bob"]).await;
    let view = world.service.room(&actor("alice"), room).await.unwrap();
    assert_eq!(view.row.own.role, Role::Owner);
    let members: Vec<String> = view.members.unwrap().iter().map(|member| member.user.to_string()).collect();
    assert_eq!(members, ["alice", "bob"]);
}

#[tokio::test]
async fn a_key_makes_creation_idempotent_for_its_creator_only() {
    let world = World::new();
    let room = keyed(RoomKind::Group, &["bob"], "trip");
    let first = world.service.create_room(&actor("alice"), room.clone()).await.unwrap();
    let again = world.service.create_room(&actor("alice"), room).await.unwrap();
    assert_eq!((again.room, again.created), (first.room, false));
    let of_bob =
        world.service.create_room(&actor("bob"), keyed(RoomKind::Group, &["carol"], "trip")).await.unwrap();
    assert_ne!(of_bob.room, first.room);
}

#[tokio::test]
async fn a_server_key_without_a_user_creates_for_the_first_member_under_a_global_key() {
    let world = World::new();
    let key = world.server_key().await;
    let room = keyed(RoomKind::Group, &["alice", "bob"], "listing:7");
    let first = world.service.create_room_as_key(&key, room.clone()).await.unwrap();
    let again = world.service.create_room_as_key(&key, room.clone()).await.unwrap();
    assert_eq!((again.room, again.created), (first.room, false));
    assert_eq!(world.service.room_row(&actor("alice"), first.room).await.unwrap().own.role, Role::Owner);
    // A creator's own key is another name space.
    let own = world.service.create_room(&actor("alice"), room).await.unwrap();
    assert!(own.created);
    // To somebody who is not in it, a room of that key does not exist.
    let strangers = keyed(RoomKind::Group, &["mallory", "bob"], "listing:7");
    let refused = world.service.create_room_as_key(&key, strangers).await;
    assert_eq!(refused, Err(ServiceError::RoomNotFound));
}

#[tokio::test]
async fn a_server_key_names_a_creator_and_may_act() {
    let world = World::new();
    let key = world.server_key().await;
    let nobody = world.service.create_room_as_key(&key, new_room(RoomKind::Group, &[])).await;
    assert!(matches!(nobody, Err(ServiceError::InvalidParams { field: "members", .. })));
    let only_users = world.server_key_for(vec![KeyScope::Users]).await;
    let refused = world.service.create_room_as_key(&only_users, new_room(RoomKind::Group, &["alice"])).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
}

#[tokio::test]
async fn a_direct_room_from_a_stranger_is_a_request() {
    let world = World::new();
    let room = world.room(RoomKind::Direct, &["alice", "bob"]).await;
    assert!(world.service.room_row(&actor("bob"), room).await.unwrap().own.request);
    assert!(!world.service.room_row(&actor("alice"), room).await.unwrap().own.request);
    world.group(&["carol", "alice", "dave"]).await;
    let known = world.room(RoomKind::Direct, &["carol", "dave"]).await;
    assert!(!world.service.room_row(&actor("dave"), known).await.unwrap().own.request);
}

#[tokio::test]
async fn a_server_key_or_a_deployment_without_requests_makes_none() {
    let world = World::new();
    let alice = world.server_key().await.act_for(user("alice")).unwrap();
    let room = world.service.create_room(&alice, new_room(RoomKind::Direct, &["bob"])).await.unwrap().room;
    assert!(!world.service.room_row(&actor("bob"), room).await.unwrap().own.request);
    let settings = ServiceSettings { requests: false, ..ServiceSettings::default() };
    let open = World::with_settings(|_| {}, settings);
    let room = open.room(RoomKind::Direct, &["alice", "bob"]).await;
    assert!(!open.service.room_row(&actor("bob"), room).await.unwrap().own.request);
}

#[tokio::test]
async fn creating_is_limited_by_creator_and_not_for_servers() {
    let world = World::with(|limits| limits.creates_per_min = 2);
    for _ in 0..2 {
        world.group(&["alice", "bob"]).await;
    }
    let refused = world.service.create_room(&actor("alice"), new_room(RoomKind::Group, &["bob"])).await;
    assert_eq!(refused, Err(ServiceError::RateLimited { retry_after_ms: 30_000 }));
    world.group(&["bob", "alice"]).await;
    let alice = world.server_key().await.act_for(user("alice")).unwrap();
    assert!(world.service.create_room(&alice, new_room(RoomKind::Group, &["bob"])).await.is_ok());
    world.clock.advance(30_000);
    world.group(&["alice", "bob"]).await;
}

#[tokio::test]
async fn a_new_room_is_bounded() {
    let world = World::with(|limits| {
        limits.group_members = 3;
        limits.users_per_call = 4;
        limits.name_bytes = 4;
        limits.image_bytes = 4;
    });
    let alice = actor("alice");
    let group = |others: &[&str]| new_room(RoomKind::Group, others);
    let create = async |room: NewRoom| world.service.create_room(&alice, room).await;
    assert!(create(group(&["b", "c"])).await.is_ok());
    let refused = create(group(&["b", "c", "d"])).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "group_members", max: 3 }));
    let refused = create(new_room(RoomKind::Channel, &["b", "c", "d", "e", "f"])).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "users_per_call", max: 4 }));
    let refused = create(NewRoom { name: "abcde".to_owned(), ..group(&["b"]) }).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "name", limit: "name_bytes", max: 4 }));
    let refused = create(NewRoom { image: "abcde".to_owned(), ..group(&["b"]) }).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "image", limit: "image_bytes", max: 4 }));
    let refused = create(NewRoom { data: Some(json_of(9_000)), ..group(&["b"]) }).await;
    assert!(matches!(refused, Err(ServiceError::TooLarge { field: "data", .. })));
    let refused = create(NewRoom { name: "a\0".to_owned(), ..group(&["b"]) }).await;
    assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "name", .. })));
    let nothing_kept = Some(Retention::History { days: Some(0) });
    let refused = create(NewRoom { retention: nothing_kept, ..group(&["b"]) }).await;
    assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "retention", .. })));
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_rooms() {
    let world = World::with(|limits| limits.rooms_per_user = 2);
    for _ in 0..2 {
        world.group(&["alice", "bob"]).await;
    }
    let refused = world.service.create_room(&actor("alice"), new_room(RoomKind::Group, &["carol"])).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "rooms_per_user", max: 2 }));
}
