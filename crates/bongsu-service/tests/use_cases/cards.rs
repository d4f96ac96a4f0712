//! What was being read while a commit changed it is not shown by the next list.

use bongsu_service::{ListPage, ListRooms, ProfileChange};
use bongsu_types::RoomKind;

use crate::fixture::{World, actor, user};

async fn list(world: &World) -> ListPage {
    world.service.list_rooms(&actor("alice"), ListRooms::default()).await.unwrap()
}

async fn rename_bob(world: &World, name: &str) {
    let change = ProfileChange { name: Some(name.to_owned()), ..ProfileChange::default() };
    world.store.upsert_users(&[(user("bob"), change)]).await.unwrap();
}

fn name_of_peer(page: &ListPage) -> &str {
    &page.rows[0].peer.as_ref().unwrap().name
}

/// A list of alice whose store call of this name has read and does not answer until `meanwhile` is done.
async fn list_while(world: &World, call: &'static str, meanwhile: impl Future<Output = ()>) -> ListPage {
    let held = world.calls.hold(call);
    let service = world.service.clone();
    let listing =
        tokio::spawn(async move { service.list_rooms(&actor("alice"), ListRooms::default()).await });
    let go_on = held.reached().await;
    meanwhile.await;
    go_on.send(()).unwrap();
    listing.await.unwrap().unwrap()
}

#[tokio::test]
async fn a_message_that_comes_while_its_room_is_read_is_in_the_next_list() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    world.say("bob", room, "before").await;
    let say = async {
        world.say("bob", room, "after").await;
    };
    let during = list_while(&world, "details", say).await;
    assert_eq!(during.rows[0].last().unwrap().text, "before");
    assert_eq!(list(&world).await.rows[0].last().unwrap().text, "after");
}

#[tokio::test]
async fn who_was_removed_while_a_list_was_read_sees_nothing_that_was_said_since() {
    let world = World::new();
    let room = world.group(&["owner", "alice", "bob"]).await;
    world.say("bob", room, "before").await;
    let go_on_without_her = async {
        world.store.remove_members(room, &user("owner"), &[user("alice")]).await.unwrap();
        world.say("bob", room, "secret").await;
    };
    let during = list_while(&world, "heads", go_on_without_her).await;
    assert_eq!(during.rows.len(), 0, "{:?}", during.rows);
}

#[tokio::test]
async fn who_stayed_sees_what_was_said_while_a_list_was_read() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let say = async {
        world.say("bob", room, "after").await;
    };
    let during = list_while(&world, "heads", say).await;
    assert_eq!(during.rows[0].last().unwrap().text, "after");
}

#[tokio::test]
async fn a_name_that_changes_while_its_room_is_read_is_in_the_next_list() {
    let world = World::new();
    world.room(RoomKind::Direct, &["alice", "bob"]).await;
    rename_bob(&world, "before").await;
    let during = list_while(&world, "details", rename_bob(&world, "after")).await;
    // It was read with the room, was not kept, and was read again.
    assert_eq!(name_of_peer(&during), "after");
    assert_eq!(name_of_peer(&list(&world).await), "after");
}

#[tokio::test]
async fn a_name_that_changes_while_it_is_read_is_in_the_next_list() {
    let world = World::new();
    world.room(RoomKind::Direct, &["alice", "bob"]).await;
    list(&world).await;
    rename_bob(&world, "before").await;
    let during = list_while(&world, "profiles", rename_bob(&world, "after")).await;
    assert_eq!(name_of_peer(&during), "before");
    assert_eq!(name_of_peer(&list(&world).await), "after");
}

#[tokio::test]
async fn profiles_come_with_the_rooms_and_are_read_again_only_when_they_change() {
    let world = World::new();
    world.room(RoomKind::Direct, &["alice", "bob"]).await;
    world.calls.take();
    for calls in [&["own_rows", "heads", "details"][..], &["own_rows", "heads"]] {
        list(&world).await;
        assert_eq!(world.calls.take(), calls);
    }
    rename_bob(&world, "Bob").await;
    world.calls.take();
    for calls in [&["own_rows", "heads", "profiles"][..], &["own_rows", "heads"]] {
        assert_eq!(name_of_peer(&list(&world).await), "Bob");
        assert_eq!(world.calls.take(), calls);
    }
}
