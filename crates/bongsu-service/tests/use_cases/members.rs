//! Who is in a room, and who may see that.

use bongsu_service::{ListMembers, ServiceError};
use bongsu_types::{Role, RoomId, RoomKind};

use crate::fixture::*;

fn all(room: RoomId) -> ListMembers {
    ListMembers { room, limit: None, cursor: None }
}

#[tokio::test]
async fn members_come_page_by_page() {
    let world = World::new();
    let room = world.group(&["alice", "bob", "carol", "dave", "erin"]).await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let request = ListMembers { limit: Some(2), cursor, ..all(room) };
        let page = world.service.members(&actor("bob"), request).await.unwrap();
        seen.extend(page.members.into_iter().map(|member| member.user));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, users(&["alice", "bob", "carol", "dave", "erin"]));
    for bad in ["", "2YWxpY2U", "1!", "1"] {
        let request = ListMembers { cursor: Some(bad.to_owned()), ..all(room) };
        let refused = world.service.members(&actor("bob"), request).await;
        assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "cursor", .. })), "{bad}");
    }
}

#[tokio::test]
async fn a_channel_shows_its_members_to_admins_only() {
    let world = World::new();
    let room = world.room(RoomKind::Channel, &["alice", "bob"]).await;
    assert_eq!(world.service.members(&actor("bob"), all(room)).await, Err(ServiceError::Forbidden));
    assert_eq!(world.service.members(&actor("alice"), all(room)).await.unwrap().members.len(), 2);
    assert_eq!(world.service.room(&actor("bob"), room).await.unwrap().members, None);
    assert_eq!(world.service.room(&actor("alice"), room).await.unwrap().members.unwrap().len(), 2);
}

#[tokio::test]
async fn a_large_room_comes_without_its_members() {
    let world = World::with(|limits| limits.small_room_members = 2);
    let small = world.group(&["alice", "bob"]).await;
    let large = world.group(&["alice", "bob", "carol"]).await;
    assert_eq!(world.service.room(&actor("bob"), small).await.unwrap().members.unwrap().len(), 2);
    assert_eq!(world.service.room(&actor("bob"), large).await.unwrap().members, None);
}

#[tokio::test]
async fn admins_add_and_remove_and_a_removed_member_has_no_room() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let alice = actor("alice");
    let refused = world.service.add_members(&actor("bob"), room, users(&["carol"])).await;
    assert_eq!(refused, Err(ServiceError::Forbidden));
    world.service.add_members(&alice, room, users(&["carol", "carol"])).await.unwrap();
    assert!(world.service.room_row(&actor("carol"), room).await.is_ok());
    world.service.remove_members(&alice, room, users(&["carol"])).await.unwrap();
    assert_eq!(world.service.room_row(&actor("carol"), room).await, Err(ServiceError::RoomNotFound));
    assert_eq!(world.service.room(&actor("carol"), room).await, Err(ServiceError::RoomNotFound));
}

#[tokio::test]
async fn a_call_names_somebody_and_not_too_many() {
    let world = World::with(|limits| limits.users_per_call = 2);
    let room = world.group(&["alice", "bob"]).await;
    let alice = actor("alice");
    let nobody = world.service.add_members(&alice, room, Vec::new()).await;
    assert!(matches!(nobody, Err(ServiceError::InvalidParams { field: "users", .. })));
    let nobody = world.service.remove_members(&alice, room, Vec::new()).await;
    assert!(matches!(nobody, Err(ServiceError::InvalidParams { field: "users", .. })));
    let many = world.service.add_members(&alice, room, users(&["c", "d", "e"])).await;
    assert_eq!(many, Err(ServiceError::LimitReached { limit: "users_per_call", max: 2 }));
}

#[tokio::test]
async fn a_group_is_bounded() {
    let world = World::with(|limits| limits.group_members = 3);
    let room = world.group(&["alice", "bob"]).await;
    let refused = world.service.add_members(&actor("alice"), room, users(&["c", "d"])).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "group_members", max: 3 }));
}

#[tokio::test]
async fn owners_give_roles_and_the_last_one_stays_or_leaves_an_heir() {
    let world = World::new();
    let room = world.group(&["alice", "bob", "carol"]).await;
    let alice = actor("alice");
    assert_eq!(
        world.service.set_role(&alice, room, &user("alice"), Role::Member).await,
        Err(ServiceError::LastOwner)
    );
    assert_eq!(
        world.service.set_role(&actor("bob"), room, &user("carol"), Role::Admin).await,
        Err(ServiceError::Forbidden)
    );
    assert_eq!(
        world.service.set_role(&alice, room, &user("nobody"), Role::Admin).await,
        Err(ServiceError::NotFound)
    );
    world.service.set_role(&alice, room, &user("carol"), Role::Admin).await.unwrap();
    world.service.leave(&alice, room).await.unwrap();
    assert_eq!(world.service.room_row(&actor("carol"), room).await.unwrap().own.role, Role::Owner);
}

#[tokio::test]
async fn nobody_leaves_a_direct_room() {
    let world = World::new();
    let room = world.room(RoomKind::Direct, &["alice", "bob"]).await;
    assert_eq!(world.service.leave(&actor("alice"), room).await, Err(ServiceError::Forbidden));
}
