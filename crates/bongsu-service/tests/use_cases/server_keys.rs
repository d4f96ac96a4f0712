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
