//! Marks and settings.

use bongsu_service::{ServiceError, SettingsChange};
use bongsu_types::{JsonObject, Ordinal, Seq};

use crate::fixture::*;

#[tokio::test]
async fn reading_moves_the_mark_forward_only_and_is_clamped() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    for text in ["one", "two", "three"] {
        world.say("alice", room, text).await;
    }
    let bob = actor("bob");
    let read = world.service.mark_read(&bob, room, Seq(3)).await.unwrap();
    assert_eq!((read.read_seq, read.read_ord, read.unread, read.head_seq), (Seq(3), Ordinal(2), 1, Seq(4)));
    let back = world.service.mark_read(&bob, room, Seq(2)).await.unwrap();
    assert_eq!((back.read_seq, back.unread), (Seq(3), 1));
    let beyond = world.service.mark_read(&bob, room, Seq(1_000)).await.unwrap();
    assert_eq!((beyond.read_seq, beyond.unread), (Seq(4), 0));
}

#[tokio::test]
async fn the_unread_flag_is_cleared_by_reading() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let bob = actor("bob");
    world.service.mark_unread(&bob, room).await.unwrap();
    assert!(world.service.room_row(&bob, room).await.unwrap().own.marked_unread);
    assert!(!world.service.mark_read(&bob, room, Seq(0)).await.unwrap().marked_unread);
    assert!(!world.service.room_row(&bob, room).await.unwrap().own.marked_unread);
}

#[tokio::test]
async fn strangers_have_no_marks_and_no_settings() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let mallory = actor("mallory");
    assert_eq!(world.service.mark_read(&mallory, room, Seq(1)).await, Err(ServiceError::RoomNotFound));
    assert_eq!(world.service.mark_unread(&mallory, room).await, Err(ServiceError::RoomNotFound));
    let change = SettingsChange { pinned: Some(true), ..Default::default() };
    let refused = world.service.change_settings(&mallory, room, change).await;
    assert_eq!(refused, Err(ServiceError::RoomNotFound));
}

#[tokio::test]
async fn settings_change_what_is_given_and_custom_is_bounded() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let bob = actor("bob");
    let custom = SettingsChange { custom: Some(json(r#"{"tag":"work"}"#)), ..Default::default() };
    let (_, first) = world.service.change_settings(&bob, room, custom).await.unwrap();
    let pin = SettingsChange { pinned: Some(true), ..Default::default() };
    let (settings, second) = world.service.change_settings(&bob, room, pin).await.unwrap();
    assert!(settings.pinned && second == first.next());
    assert_eq!(settings.custom.as_ref().map(JsonObject::as_str), Some(r#"{"tag":"work"}"#));
    let large = SettingsChange { custom: Some(json_of(9_000)), ..Default::default() };
    let refused = world.service.change_settings(&bob, room, large).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "custom", limit: "data_bytes", max: 8_192 }));
}
