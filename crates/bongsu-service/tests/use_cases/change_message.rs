//! Editing, deleting and reacting.

use bongsu_service::{DeleteRequest, EditRequest, HistoryFrom, HistoryRequest, ReactRequest, ServiceError};
use bongsu_types::{Emoji, Message, ReactionOp, Record, RoomId, Seq};

use crate::fixture::*;

fn edit(room: RoomId, seq: Seq, text: &str) -> EditRequest {
    EditRequest { room, seq, client_id: None, text: Some(text.to_owned()), data: None }
}

fn delete(room: RoomId, seq: Seq) -> DeleteRequest {
    DeleteRequest { room, seq, client_id: None }
}

fn react(room: RoomId, seq: Seq, emoji: &str, op: ReactionOp) -> ReactRequest {
    ReactRequest { room, seq, emoji: Emoji::new(emoji).unwrap(), op, client_id: None }
}

async fn read(world: &World, room: RoomId) -> (Record, Message) {
    let request = HistoryRequest { room, from: HistoryFrom::Latest, limit: Some(1) };
    let mut page = world.service.history(&actor("bob"), request).await.unwrap();
    let record = page.messages.remove(0).record;
    let message = record.body.message().unwrap().clone();
    (record, message)
}

#[tokio::test]
async fn an_edit_by_the_sender_changes_the_message() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let sent = world.say("alice", room, "helo").await;
    let changed = world.service.edit(&actor("alice"), edit(room, sent.seq, "hello")).await.unwrap();
    let (_, message) = read(&world, room).await;
    assert_eq!((message.text.as_str(), message.rev), ("hello", changed.seq));
    let by_another = world.service.edit(&actor("bob"), edit(room, sent.seq, "no")).await;
    assert_eq!(by_another, Err(ServiceError::Forbidden));
    let in_the_future = world.service.edit(&actor("alice"), edit(room, Seq(99), "no")).await;
    assert_eq!(in_the_future, Err(ServiceError::MessageNotFound));
}

#[tokio::test]
async fn an_edit_is_bounded_and_says_something() {
    let world = World::with(|limits| limits.text_bytes = 5);
    let room = world.group(&["alice", "bob"]).await;
    let sent = world.say("alice", room, "hello").await;
    let alice = actor("alice");
    let too_long = world.service.edit(&alice, edit(room, sent.seq, "hello!")).await;
    assert!(matches!(too_long, Err(ServiceError::TooLarge { field: "text", .. })));
    let nothing = EditRequest { text: None, ..edit(room, sent.seq, "") };
    assert!(matches!(world.service.edit(&alice, nothing).await, Err(ServiceError::InvalidParams { .. })));
    let empty = world.service.edit(&alice, edit(room, sent.seq, "")).await;
    assert!(matches!(empty, Err(ServiceError::InvalidParams { field: "text", .. })), "{empty:?}");
    let data = EditRequest { data: Some(json_of(9_000)), ..edit(room, sent.seq, "hi") };
    assert!(matches!(
        world.service.edit(&alice, data).await,
        Err(ServiceError::TooLarge { field: "data", .. })
    ));
}

#[tokio::test]
async fn an_edit_happens_once_per_client_id_even_over_the_rate() {
    let world = World::with(|limits| (limits.sends_per_s, limits.sends_burst) = (1, 2));
    let room = world.group(&["alice", "bob"]).await;
    let sent = world.say("alice", room, "helo").await;
    let once = EditRequest { client_id: Some(client_id("e-1")), ..edit(room, sent.seq, "hello") };
    let first = world.service.edit(&actor("alice"), once.clone()).await.unwrap();
    let again = world.service.edit(&actor("alice"), once.clone()).await.unwrap();
    assert_eq!((first.duplicate, again.duplicate, again.seq), (false, true, first.seq));
    let other = EditRequest { text: Some("hullo".to_owned()), ..once };
    assert_eq!(world.service.edit(&actor("alice"), other).await, Err(ServiceError::Conflict));
    let new = world.service.edit(&actor("alice"), edit(room, sent.seq, "hullo")).await;
    assert!(matches!(new, Err(ServiceError::RateLimited { .. })));
}

#[tokio::test]
async fn the_sender_or_an_admin_deletes() {
    let world = World::new();
    let room = world.group(&["alice", "bob", "carol"]).await;
    let sent = world.say("bob", room, "oops").await;
    assert_eq!(
        world.service.delete(&actor("carol"), delete(room, sent.seq)).await,
        Err(ServiceError::Forbidden)
    );
    let once = DeleteRequest { client_id: Some(client_id("d-1")), ..delete(room, sent.seq) };
    let first = world.service.delete(&actor("alice"), once.clone()).await.unwrap();
    let again = world.service.delete(&actor("alice"), once).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let (record, message) = read(&world, room).await;
    assert!(message.deleted && message.text.is_empty());
    assert_eq!((record.seq, record.ord), (sent.seq, sent.ord));
}

#[tokio::test]
async fn reactions_come_and_go_and_are_bounded() {
    let world = World::with(|limits| limits.reactions_per_message = 1);
    let room = world.group(&["alice", "bob"]).await;
    let sent = world.say("alice", room, "hi").await;
    let (alice, bob) = (actor("alice"), actor("bob"));
    let add = react(room, sent.seq, "👍", ReactionOp::Add);
    world.service.react(&alice, add.clone()).await.unwrap();
    world.service.react(&bob, add.clone()).await.unwrap();
    assert_eq!(read(&world, room).await.1.reactions[0].count, 2);
    let own = world.service.own_reactions(&bob.user, room, &[sent.seq]).await.unwrap();
    assert_eq!(own, [(sent.seq, add.emoji.clone())]);
    let second = world.service.react(&bob, react(room, sent.seq, "🎉", ReactionOp::Add)).await;
    assert_eq!(second, Err(ServiceError::LimitReached { limit: "reactions_per_message", max: 1 }));
    world.service.react(&bob, ReactRequest { op: ReactionOp::Remove, ..add.clone() }).await.unwrap();
    assert_eq!(read(&world, room).await.1.reactions[0].count, 1);
    let once = ReactRequest { client_id: Some(client_id("r-1")), ..add };
    let first = world.service.react(&bob, once.clone()).await.unwrap();
    let again = world.service.react(&bob, once.clone()).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let other = ReactRequest { op: ReactionOp::Remove, ..once };
    assert_eq!(world.service.react(&bob, other).await, Err(ServiceError::Conflict));
}
