//! Changing a room.

use bongsu_service::{ServiceError, UpdateRequest};
use bongsu_types::{JsonObject, Retention, RoomChange, RoomId, RoomKind};

use crate::fixture::*;

fn rename(room: RoomId, name: &str) -> UpdateRequest {
    let change = RoomChange { name: Some(name.to_owned()), ..RoomChange::default() };
    UpdateRequest { room, change, client_id: None }
}

#[tokio::test]
async fn an_admin_renames_a_room_and_a_member_does_not() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let changed = world.service.update_room(&actor("alice"), rename(room, "trip")).await.unwrap();
    let row = world.service.room_row(&actor("bob"), room).await.unwrap();
    assert_eq!((row.card.name.as_str(), row.head.seq), ("trip", changed.seq));
    assert_eq!(
        world.service.update_room(&actor("bob"), rename(room, "no")).await,
        Err(ServiceError::Forbidden)
    );
}

#[tokio::test]
async fn an_update_happens_once_per_client_id() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let once = UpdateRequest { client_id: Some(client_id("u-1")), ..rename(room, "trip") };
    let first = world.service.update_room(&actor("alice"), once.clone()).await.unwrap();
    let again = world.service.update_room(&actor("alice"), once.clone()).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let stricter = world.service_with(|limits| limits.name_bytes = 1);
    assert!(stricter.update_room(&actor("alice"), once.clone()).await.unwrap().duplicate);
    let change = RoomChange { retention: Some(Retention::Transit), ..once.change.clone() };
    let other = UpdateRequest { change, ..once };
    assert_eq!(world.service.update_room(&actor("alice"), other).await, Err(ServiceError::Conflict));
}

#[tokio::test]
async fn an_update_is_bounded() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let refused = world.service.update_room(&actor("alice"), rename(room, &"a".repeat(257))).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "name", limit: "name_bytes", max: 256 }));
    let change =
        RoomChange { retention: Some(Retention::History { days: Some(0) }), ..RoomChange::default() };
    let refused =
        world.service.update_room(&actor("alice"), UpdateRequest { room, change, client_id: None }).await;
    assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "retention", .. })));
}

#[tokio::test]
async fn only_a_server_key_changes_the_data_of_a_direct_room() {
    let world = World::new();
    let room = world.room(RoomKind::Direct, &["alice", "bob"]).await;
    let change = RoomChange { data: Some(json(r#"{"price":7}"#)), ..RoomChange::default() };
    let update = UpdateRequest { room, change, client_id: None };
    let refused = world.service.update_room(&actor("alice"), update.clone()).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
    let server = world.server_key().await.act_for(user("alice")).unwrap();
    world.service.update_room(&server, update).await.unwrap();
    let row = world.service.room_row(&actor("bob"), room).await.unwrap();
    assert_eq!(row.card.data.as_ref().map(JsonObject::as_str), Some(r#"{"price":7}"#));
}
