//! Accepting what a stranger asks.

use bongsu_service::ServiceError;
use bongsu_types::RoomKind;

use crate::fixture::*;

#[tokio::test]
async fn accepting_answers_the_row_without_the_request() {
    let world = World::new();
    let room = world.room(RoomKind::Direct, &["alice", "bob"]).await;
    let row = world.service.accept(&actor("bob"), room).await.unwrap();
    assert!(!row.own.request);
    assert_eq!(world.service.accept(&actor("bob"), room).await.unwrap().own.user_rev, row.own.user_rev);
    assert_eq!(world.service.accept(&actor("mallory"), room).await, Err(ServiceError::RoomNotFound));
}

#[tokio::test]
async fn the_first_own_send_accepts_too() {
    let world = World::new();
    let room = world.room(RoomKind::Direct, &["alice", "bob"]).await;
    world.say("bob", room, "hello").await;
    assert!(!world.service.room_row(&actor("bob"), room).await.unwrap().own.request);
}
