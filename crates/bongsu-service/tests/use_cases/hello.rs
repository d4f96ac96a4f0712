//! Opening sessions, devices, acks.

use bongsu_service::auth::Claims;
use bongsu_service::{ChangedRow, OpenSession, OwnChanges, ServiceError, ServiceSettings};
use bongsu_types::{DeviceId, Seq, SessionNo, UserRev};

use crate::fixture::*;

#[tokio::test]
async fn a_new_device_starts_at_the_heads_and_gets_the_list() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    world.say("alice", room, "hi").await;
    world.calls.take();
    let hello = OpenSession { list: Some(10), ..world.hello("bob", "phone") };
    let session = world.service.open_session(hello).await.unwrap();
    assert_eq!(world.calls.take(), ["hello", "own_rows", "heads", "details"]);
    assert_eq!((session.opened.resumed, session.opened.session_no), (false, SessionNo(1)));
    assert_eq!(session.opened.cursors, [(room, Seq(2))]);
    assert_eq!((session.own.rows.len(), session.heads[0].seq), (1, Seq(2)));
    assert_eq!(session.changes, OwnChanges::Reset { user_rev: session.own.user_rev });
    let list = session.list.unwrap();
    assert_eq!((list.rows[0].unread, list.unread_total), (1, 1));
}

#[tokio::test]
async fn a_device_that_comes_back_resumes_and_hears_what_changed() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let first = world.service.open_session(world.hello("bob", "phone")).await.unwrap();
    let (epoch, user_rev) = (Some(first.opened.epoch), Some(first.opened.user_rev));
    world.say("alice", room, "one").await;
    world.say("alice", room, "two").await;
    let new = world.group(&["alice", "bob"]).await;
    let cursors = vec![(room, Seq(2))];
    let hello = OpenSession { epoch, user_rev, cursors, ..world.hello("bob", "phone") };
    let session = world.service.open_session(hello.clone()).await.unwrap();
    assert_eq!((session.opened.resumed, session.opened.session_no), (true, SessionNo(2)));
    assert!(session.opened.cursors.contains(&(room, Seq(2))));
    let OwnChanges::Rows { rows, .. } = session.changes else { panic!("reset") };
    assert!(matches!(&rows[..], [ChangedRow::Row(row)] if row.own.room == new));
    assert_eq!(session.list, None);
    let forgot = OpenSession { user_rev: None, ..hello.clone() };
    let session = world.service.open_session(forgot).await.unwrap();
    assert!(matches!(session.changes, OwnChanges::Reset { .. }));
    let future = OpenSession { user_rev: Some(UserRev(1_000)), ..hello };
    let session = world.service.open_session(future).await.unwrap();
    assert!(matches!(session.changes, OwnChanges::Reset { .. }));
}

#[tokio::test]
async fn a_hello_is_bounded() {
    let world = World::with(|limits| limits.hello_cursors = 1);
    let room = world.group(&["alice", "bob"]).await;
    let mut many = world.hello("bob", "phone");
    many.cursors = vec![(room, Seq(1)), (room, Seq(2))];
    let refused = world.service.open_session(many).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "hello_cursors", max: 1 }));
    let mut platform = world.hello("bob", "phone");
    platform.device.platform = "a".repeat(65);
    let refused = world.service.open_session(platform).await;
    assert!(matches!(refused, Err(ServiceError::TooLarge { field: "device.platform", max: 64, .. })));
    let mut name = world.hello("bob", "phone");
    name.device.name = "a".repeat(129);
    let refused = world.service.open_session(name).await;
    assert!(matches!(refused, Err(ServiceError::TooLarge { field: "device.name", max: 128, .. })));
    for bad in [0, 201] {
        let list = OpenSession { list: Some(bad), ..world.hello("bob", "phone") };
        let refused = world.service.open_session(list).await;
        assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "limit", .. })));
    }
    assert!(world.service.devices(&actor("bob")).await.unwrap().is_empty(), "nothing was registered");
}

#[tokio::test]
async fn a_token_names_its_user_unless_users_own_their_profile() {
    let named = |world: &World| {
        let hello = world.hello("alice", "phone");
        OpenSession { claims: Claims { name: Some("Alice".to_owned()), ..hello.claims.clone() }, ..hello }
    };
    let world = World::new();
    world.service.open_session(named(&world)).await.unwrap();
    assert_eq!(world.service.profiles(&actor("bob"), &users(&["alice"])).await.unwrap()[0].name, "Alice");
    let own = ServiceSettings { users_own_profile: true, ..ServiceSettings::default() };
    let world = World::with_settings(|_| {}, own);
    world.service.open_session(named(&world)).await.unwrap();
    let profiles = world.service.profiles(&actor("bob"), &users(&["alice"])).await.unwrap();
    assert!(profiles.iter().all(|profile| profile.name.is_empty()));
}

#[tokio::test]
async fn acks_are_stored_and_clamped() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let first = world.service.open_session(world.hello("bob", "phone")).await.unwrap();
    for text in ["one", "two"] {
        world.say("alice", room, text).await;
    }
    let phone = DeviceId::new("phone").unwrap();
    let again = OpenSession { epoch: Some(first.opened.epoch), ..world.hello("bob", "phone") };
    world.service.store_acks(&user("bob"), &phone, &[(room, Seq(2))]).await.unwrap();
    let session = world.service.open_session(again.clone()).await.unwrap();
    assert_eq!(session.opened.cursors, [(room, Seq(2))]);
    world.service.store_acks(&user("bob"), &phone, &[(room, Seq(99))]).await.unwrap();
    let session = world.service.open_session(again).await.unwrap();
    assert_eq!(session.opened.cursors, [(room, Seq(3))]);
}

#[tokio::test]
async fn a_removed_device_needs_a_newer_token() {
    let world = World::new();
    let hello = world.hello("bob", "phone");
    world.service.open_session(hello.clone()).await.unwrap();
    assert_eq!(world.service.devices(&actor("bob")).await.unwrap().len(), 1);
    let phone = DeviceId::new("phone").unwrap();
    world.clock.advance(10);
    world.service.remove_device(&actor("bob"), &phone).await.unwrap();
    assert_eq!(world.service.remove_device(&actor("bob"), &phone).await, Err(ServiceError::NotFound));
    assert_eq!(world.service.open_session(hello).await, Err(ServiceError::Unauthorized));
    assert!(world.service.open_session(world.hello("bob", "tablet")).await.is_ok());
    world.clock.advance(1);
    assert!(world.service.open_session(world.hello("bob", "phone")).await.is_ok());
}

#[tokio::test]
async fn a_session_is_refreshed_by_its_own_user_only() {
    let world = World::new();
    let fresh = world.claims("bob");
    assert_eq!(world.service.refresh_session(&user("bob"), &fresh).await, Ok(fresh.expires_ms));
    assert_eq!(world.service.refresh_session(&user("alice"), &fresh).await, Err(ServiceError::Unauthorized));
}
