//! Server keys: form, verification, revocation, what they may do.

use bongsu_service::ServiceError;
use bongsu_service::auth::{NewServerKey, ServerKeys};
use bongsu_types::{Clock, KeyScope, ServerKey};

use crate::fixture::*;

fn keys(world: &World) -> ServerKeys {
    ServerKeys::new(world.store.clone(), world.clock.clone())
}

fn fresh(world: &World) -> NewServerKey {
    NewServerKey::generate(vec![KeyScope::Act], world.clock.now_ms())
}

#[tokio::test]
async fn a_key_is_verified_by_its_whole_text() {
    let world = World::new();
    let keys = keys(&world);
    let key = fresh(&world);
    keys.put(key.row.clone()).await.unwrap();
    let verified = keys.verify(&key.text).await.unwrap();
    assert_eq!(verified.id(), key.row.id);
    assert!(key.text.starts_with(&format!("bsk_{}_", key.row.id)));
    let other = fresh(&world).text;
    let cut = &key.text[..key.text.len() - 1];
    let secret = key.text.rsplit('_').next().unwrap();
    for wrong in
        [&other, cut, secret, "", "bsk_", "bsk__", &format!("bsk_{}_x", key.row.id), &"bsk_a_".repeat(99)]
    {
        assert_eq!(keys.verify(wrong).await, Err(ServiceError::Unauthorized), "{wrong}");
    }
}

#[tokio::test]
async fn the_row_of_a_key_from_a_file_is_the_row_it_was_made_with() {
    let world = World::new();
    let key = fresh(&world);
    let row = NewServerKey::row_of(&key.text, vec![KeyScope::Act], START);
    assert_eq!(row, Some(key.row));
    assert_eq!(NewServerKey::row_of("not a key", vec![], START), None);
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_here_and_soon_elsewhere() {
    let world = World::new();
    let (here, elsewhere) = (keys(&world), keys(&world));
    let key = fresh(&world);
    here.put(key.row.clone()).await.unwrap();
    assert!(elsewhere.verify(&key.text).await.is_ok());
    here.put(ServerKey { revoked_ms: Some(world.clock.now_ms()), ..key.row }).await.unwrap();
    assert_eq!(here.verify(&key.text).await, Err(ServiceError::Unauthorized));
    world.clock.advance(2_000);
    assert_eq!(elsewhere.verify(&key.text).await, Err(ServiceError::Unauthorized));
}

#[tokio::test]
async fn verification_does_not_read_the_store_each_time() {
    let world = World::new();
    let keys = keys(&world);
    let key = fresh(&world);
    keys.put(key.row.clone()).await.unwrap();
    world.calls.take();
    for _ in 0..10 {
        keys.verify(&key.text).await.unwrap();
        keys.verify(&fresh(&world).text).await.unwrap_err();
    }
    assert_eq!(world.calls.take(), ["server_keys"]);
}

#[tokio::test]
async fn a_key_acts_only_with_the_scope_for_it() {
    let world = World::new();
    let users_only = world.server_key_for(vec![KeyScope::Users]).await;
    assert_eq!(users_only.act_for(user("alice")), Err(ServiceError::Forbidden));
    let acts = world.server_key_for(vec![KeyScope::Act]).await;
    let actor = acts.act_for(user("alice")).unwrap();
    assert_eq!((actor.user, actor.key_id.as_deref()), (user("alice"), Some(acts.id())));
}

#[test]
fn a_key_does_not_show_its_secret_in_debug_output() {
    let key = NewServerKey::generate(vec![KeyScope::Act], START);
    let secret = key.text.splitn(3, '_').nth(2).unwrap();
    assert!(!format!("{key:?}").contains(secret));
}

#[tokio::test]
async fn a_revoked_key_stays_revoked_and_the_others_hold() {
    let world = World::new();
    let keys = keys(&world);
    let (old, new) =
        (keys.add(vec![KeyScope::Act]).await.unwrap(), keys.add(vec![KeyScope::Users]).await.unwrap());
    world.clock.advance(5);
    let revoked = keys.revoke(&old.row.id).await.unwrap();
    assert_eq!(revoked.revoked_ms, Some(world.clock.now_ms()));
    world.clock.advance(5);
    assert_eq!(keys.revoke(&old.row.id).await.unwrap(), revoked, "the first time stands");
    assert_eq!(keys.verify(&old.text).await, Err(ServiceError::Unauthorized));
    assert!(keys.verify(&new.text).await.is_ok());
    assert_eq!(keys.revoke("nobody").await, Err(ServiceError::NotFound));
    assert_eq!(keys.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn valid_keys_are_bounded_and_a_revoked_one_makes_room() {
    let world = World::new();
    let keys = keys(&world);
    let first = keys.add(vec![KeyScope::Act]).await.unwrap();
    for _ in 1..100 {
        keys.add(vec![KeyScope::Act]).await.unwrap();
    }
    let refused = keys.add(vec![KeyScope::Act]).await.unwrap_err();
    assert_eq!(refused, ServiceError::LimitReached { limit: "server_keys", max: 100 });
    keys.revoke(&first.row.id).await.unwrap();
    keys.add(vec![KeyScope::Act]).await.unwrap();
}

#[tokio::test]
async fn the_development_key_is_the_one_of_the_file_and_what_is_stored_of_it_stays() {
    let world = World::new();
    let keys = keys(&world);
    let other = keys.add(vec![KeyScope::Act]).await.unwrap();
    let [first, second] = [0, 1].map(|_| NewServerKey::development(world.clock.now_ms()));
    let settled = keys.settle_development_key(&first.text).await.unwrap().unwrap();
    assert!(settled.is_valid && settled.revoked.is_empty() && settled.id.starts_with("dev"));
    world.clock.advance(5);
    assert_eq!(keys.settle_development_key(&first.text).await.unwrap().unwrap(), settled, "no change");

    let settled = keys.settle_development_key(&second.text).await.unwrap().unwrap();
    assert_eq!((settled.is_valid, settled.revoked), (true, vec![first.row.id.clone()]));
    assert_eq!(keys.verify(&first.text).await, Err(ServiceError::Unauthorized));
    let settled = keys.settle_development_key(&first.text).await.unwrap().unwrap();
    assert!(!settled.is_valid, "a revoked key does not come back with its file");
    for (text, holds) in [(&first.text, false), (&second.text, false), (&other.text, true)] {
        assert_eq!(keys.verify(text).await.is_ok(), holds);
    }
    assert_eq!(keys.settle_development_key("no key text").await, Ok(None));
}
