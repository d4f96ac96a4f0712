//! Importing rooms.

use std::sync::Arc;

use bongsu_service::{
    HistoryFrom, HistoryRequest, ImportMember, ImportMessage, ImportRoom, Importer, ListRooms, ServiceError,
};
use bongsu_types::{Limits, Role, RoomKey, RoomKind, Seq};

use crate::fixture::*;

fn importer(world: &World) -> Importer {
    Importer::new(world.store.clone(), world.limits.clone())
}

fn room() -> ImportRoom {
    ImportRoom {
        kind: RoomKind::Group,
        key: RoomKey::new("irc:2004-11-15_03").unwrap(),
        creator: user("irc:alice"),
        name: "2004-11-15_03".to_owned(),
        image: String::new(),
        data: None,
        created_ms: START,
        pair: None,
    }
}

fn messages(numbers: std::ops::Range<u64>) -> Vec<ImportMessage> {
    let message = |number: u64| ImportMessage {
        sender: user(if number.is_multiple_of(2) { "irc:alice" } else { "irc:bob" }),
        client_id: client_id(&format!("line-{number}")),
        at_ms: START.minus(number),
        text: format!("line {number}"),
        data: None,
        reply_to: None,
        edited_ms: None,
        reactions: Vec::new(),
    };
    numbers.map(message).collect()
}

fn member(name: &str, role: Role) -> ImportMember {
    ImportMember { user: user(name), name: name.to_owned(), role, read_seq: None }
}

fn members() -> Vec<ImportMember> {
    vec![member("irc:alice", Role::Owner), member("irc:bob", Role::Member)]
}

#[tokio::test]
async fn a_room_comes_in_whole_and_nobody_sees_half_of_it() {
    let world = World::new();
    let mut import = importer(&world).begin(room()).await.unwrap();
    world.calls.take();
    import.append(messages(0..2_500)).await.unwrap();
    assert_eq!(world.calls.take(), ["append_import"; 3], "in commits of bounded size");
    assert_eq!(import.state().head_seq, Seq(2_500));
    let bob = actor("irc:bob");
    let before = world.service.list_rooms(&bob, ListRooms::default()).await.unwrap();
    assert!(before.rows.is_empty());
    import.finish(members()).await.unwrap();
    let after = world.service.list_rooms(&bob, ListRooms::default()).await.unwrap();
    assert_eq!((after.rows.len(), after.rows[0].head.seq, after.unread_total), (1, Seq(2_500), 0));
    let room = import.state().room;
    let page = HistoryRequest { room, from: HistoryFrom::After(Seq(0)), limit: Some(1) };
    let page = world.service.history(&bob, page).await.unwrap();
    assert_eq!(page.messages[0].record.body.message().unwrap().text, "line 0");
}

#[tokio::test]
async fn an_import_goes_on_where_it_stopped_and_ends_once() {
    let world = World::new();
    let mut first = importer(&world).begin(room()).await.unwrap();
    first.append(messages(0..10)).await.unwrap();
    drop(first);
    let mut second = importer(&world).begin(room()).await.unwrap();
    assert_eq!((second.state().head_seq, second.state().finished), (Seq(10), false));
    second.append(messages(10..15)).await.unwrap();
    second.finish(members()).await.unwrap();
    let last_commit = world.service.last_commit().await.unwrap();
    let third = importer(&world).begin(room()).await.unwrap();
    assert_eq!((third.state().head_seq, third.state().finished), (Seq(15), true));
    assert_eq!(world.service.last_commit().await.unwrap(), last_commit, "nothing was written");
}

#[tokio::test]
async fn an_import_is_bounded_by_limits_of_its_own() {
    let world = World::new();
    let limits = Arc::new(Limits { group_members: 1, ..Limits::default() });
    let strict = Importer::new(world.store.clone(), limits);
    let mut strict = strict.begin(room()).await.unwrap();
    let mut long = messages(0..2);
    long[1].text = "a".repeat(16 * 1024 + 1);
    let refused = strict.append(long).await;
    assert!(matches!(refused, Err(ServiceError::TooLarge { field: "text", .. })));
    assert_eq!(strict.state().head_seq, Seq(0), "nothing of the call was written");
    let mut empty = messages(0..1);
    empty[0].text.clear();
    assert!(matches!(strict.append(empty).await, Err(ServiceError::InvalidParams { field: "text", .. })));
    let refused = strict.finish(members()).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "group_members", max: 1 }));
    let mut raised = importer(&world).begin(room()).await.unwrap();
    assert!(raised.finish(members()).await.unwrap().finished);
}
