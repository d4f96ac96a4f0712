//! Profiles: who reads and who changes them.

use bongsu_service::{ProfileChange, ServiceError, ServiceSettings};
use bongsu_types::KeyScope;

use crate::fixture::*;

fn named(name: &str) -> ProfileChange {
    ProfileChange { name: Some(name.to_owned()), ..ProfileChange::default() }
}

#[tokio::test]
async fn a_server_key_creates_users_and_everybody_reads_them() {
    let world = World::new();
    let key = world.server_key().await;
    world
        .service
        .upsert_users(&key, &[(user("alice"), named("Alice")), (user("bob"), named("Bob"))])
        .await
        .unwrap();
    let asked = users(&["bob", "nobody", "alice"]);
    let profiles = world.service.profiles(&actor("carol"), &asked).await.unwrap();
    let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["Bob", "Alice"]);
}

#[tokio::test]
async fn users_change_their_profile_only_where_they_own_it() {
    let world = World::new();
    let refused = world.service.update_profile(&actor("alice"), named("Alice")).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
    let own = ServiceSettings { users_own_profile: true, ..ServiceSettings::default() };
    let world = World::with_settings(|_| {}, own);
    world.service.update_profile(&actor("alice"), named("Alice")).await.unwrap();
    let profiles = world.service.profiles(&actor("bob"), &users(&["alice"])).await.unwrap();
    assert_eq!(profiles[0].name, "Alice");
    let refused = world.service.update_profile(&actor("alice"), named(&"a".repeat(257))).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "name", limit: "name_bytes", max: 256 }));
}

#[tokio::test]
async fn a_call_is_bounded_and_needs_the_scope() {
    let world = World::with(|limits| limits.profiles_per_call = 1);
    let key = world.server_key().await;
    let two = [(user("alice"), named("A")), (user("bob"), named("B"))];
    let refused = world.service.upsert_users(&key, &two).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "profiles_per_call", max: 1 }));
    let refused = world.service.profiles(&actor("alice"), &users(&["a", "b"])).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "profiles_per_call", max: 1 }));
    let only_acts = world.server_key_for(vec![KeyScope::Act]).await;
    assert_eq!(world.service.upsert_users(&only_acts, &two[..1]).await, Err(ServiceError::Forbidden));
    assert_eq!(world.service.revoke_user(&only_acts, &user("alice")).await, Err(ServiceError::Forbidden));
}

#[tokio::test]
async fn a_revocation_refuses_tokens_issued_before_it_and_not_those_after() {
    let world = World::new();
    let before = world.claims("alice");
    assert!(world.service.actor_of(&before).await.is_ok());
    let key = world.server_key().await;
    world.clock.advance(10);
    world.service.revoke_user(&key, &user("alice")).await.unwrap();
    assert_eq!(world.service.actor_of(&before).await, Err(ServiceError::Unauthorized));
    assert_eq!(world.service.refresh_session(&user("alice"), &before).await, Err(ServiceError::Unauthorized));
    let refused = world.service.open_session(world.hello("alice", "phone")).await;
    assert_eq!(refused, Err(ServiceError::Unauthorized), "issued in the same millisecond");
    world.clock.advance(1);
    assert!(world.service.open_session(world.hello("alice", "phone")).await.is_ok());
    assert!(world.service.actor_of(&world.claims("alice")).await.is_ok());
}
