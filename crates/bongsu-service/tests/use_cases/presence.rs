//! Who may see whom online.

use bongsu_service::{PresenceState, ServiceError};
use bongsu_types::RoomKind;

use crate::fixture::*;

#[tokio::test]
async fn only_those_who_share_an_accepted_room_are_seen() {
    let world = World::new();
    world.group(&["alice", "bob"]).await;
    world.room(RoomKind::Direct, &["mallory", "alice"]).await;
    for name in ["bob", "carol", "alice"] {
        world.service.presence().opened(&user(name));
    }
    let online = PresenceState { online: true, last_active_ms: Some(START) };
    let seen = world.service.watch_presence(&actor("alice"), &users(&["carol", "bob"])).await.unwrap();
    assert_eq!(seen, [(user("bob"), online)]);
    let by_stranger = world.service.watch_presence(&actor("mallory"), &users(&["alice"])).await.unwrap();
    assert_eq!(by_stranger, []);
    assert!(!world.service.shares_room(&user("mallory"), &user("alice")).await.unwrap());
    assert!(world.service.shares_room(&user("alice"), &user("alice")).await.unwrap());
}

#[tokio::test]
async fn who_is_offline_was_last_active_when_a_device_was() {
    let world = World::new();
    world.group(&["alice", "bob"]).await;
    world.service.open_session(world.hello("bob", "phone")).await.unwrap();
    world.clock.advance(5_000);
    let seen = world.service.watch_presence(&actor("alice"), &users(&["bob"])).await.unwrap();
    assert_eq!(seen, [(user("bob"), PresenceState { online: false, last_active_ms: Some(START) })]);
}

#[tokio::test]
async fn a_watch_is_bounded() {
    let world = World::with(|limits| limits.watch_users = 1);
    let refused = world.service.watch_presence(&actor("alice"), &users(&["bob", "carol"])).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "watch_users", max: 1 }));
}

#[tokio::test]
async fn watches_of_a_user_have_a_rate_and_watching_nobody_is_free() {
    let world = World::with(|limits| limits.watches_per_min = 2);
    world.group(&["alice", "bob"]).await;
    let watch = async |by: &str| world.service.watch_presence(&actor(by), &users(&["bob"])).await;
    for _ in 0..2 {
        assert!(watch("alice").await.is_ok());
    }
    world.calls.take();
    assert_eq!(watch("alice").await, Err(ServiceError::RateLimited { retry_after_ms: 30_000 }));
    assert!(world.calls.take().is_empty(), "the store is not asked");
    assert_eq!(world.service.watch_presence(&actor("alice"), &[]).await, Ok(Vec::new()));
    assert!(watch("bob").await.is_ok(), "each user has a rate of their own");
    world.clock.advance(30_000);
    assert!(watch("alice").await.is_ok());
}
