//! Sending: bounds, rate, idempotence, order, marks.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use bongsu_service::{BusEvent, ServiceError};
use bongsu_types::{Fact, JsonObject, Mentions, Ordinal, RecordBody, RoomKind, Seq};

use crate::fixture::*;

use bongsu_service::Bus;

#[tokio::test]
async fn a_message_is_appended_and_published() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let mut bus = world.bus.subscribe();
    let sent = world.service.send(&actor("alice"), message(room, "c-1", "안녕")).await.unwrap();
    assert_eq!((sent.seq, sent.ord, sent.at_ms, sent.duplicate), (Seq(2), Ordinal(1), START, false));
    let Some(BusEvent::Committed(commit)) = bus.recv().await else { panic!("nothing published") };
    let Fact::Record(record) = &commit.facts[0] else { panic!("no record") };
    let RecordBody::Message(message) = &record.body else { panic!("no message") };
    assert_eq!((record.seq, record.actor.as_str(), message.text.as_str()), (Seq(2), "alice", "안녕"));
}

#[tokio::test]
async fn a_repetition_gets_the_first_reply_and_another_request_is_a_conflict() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let first = world.service.send(&actor("alice"), message(room, "c-1", "hi")).await.unwrap();
    world.clock.advance(1_000);
    let again = world.service.send(&actor("alice"), message(room, "c-1", "hi")).await.unwrap();
    assert_eq!(
        (again.seq, again.ord, again.at_ms, again.duplicate),
        (first.seq, first.ord, first.at_ms, true)
    );
    let other = world.service.send(&actor("alice"), message(room, "c-1", "ho")).await;
    assert_eq!(other, Err(ServiceError::Conflict));
    let mut silent = message(room, "c-1", "hi");
    silent.silent = true;
    assert_eq!(world.service.send(&actor("alice"), silent).await, Err(ServiceError::Conflict));
}

#[tokio::test]
async fn a_stranger_hears_that_there_is_no_room() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let refused = world.service.send(&actor("mallory"), message(room, "c-1", "hi")).await;
    assert_eq!(refused, Err(ServiceError::RoomNotFound));
}

#[tokio::test]
async fn text_is_bounded_in_bytes() {
    let world = World::with(|limits| limits.text_bytes = 9);
    let room = world.group(&["alice", "bob"]).await;
    let fits = world.service.send(&actor("alice"), message(room, "c-1", "세글자")).await;
    assert!(fits.is_ok());
    let refused = world.service.send(&actor("alice"), message(room, "c-2", "세글자!")).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "text", limit: "text_bytes", max: 9 }));
}

#[tokio::test]
async fn data_is_bounded_as_sent() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let mut request = message(room, "c-1", "");
    request.data = Some(json_of(8 * 1024));
    assert!(world.service.send(&actor("alice"), request.clone()).await.is_ok());
    request.client_id = client_id("c-2");
    request.data = Some(json_of(8 * 1024 + 1));
    let refused = world.service.send(&actor("alice"), request).await;
    assert_eq!(refused, Err(ServiceError::TooLarge { field: "data", limit: "data_bytes", max: 8_192 }));
}

#[tokio::test]
async fn mentions_are_bounded_and_all_counts_as_one() {
    let world = World::with(|limits| limits.mentions = 2);
    let room = world.group(&["alice", "bob"]).await;
    let mut request = message(room, "c-1", "hi");
    request.mentions = Mentions { all: true, users: users(&["bob"]) };
    assert!(world.service.send(&actor("alice"), request.clone()).await.is_ok());
    request.mentions.users = users(&["bob", "carol"]);
    request.client_id = client_id("c-2");
    let refused = world.service.send(&actor("alice"), request).await;
    assert_eq!(refused, Err(ServiceError::LimitReached { limit: "mentions", max: 2 }));
}

#[tokio::test]
async fn a_message_needs_text_or_data_and_no_nul() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    for (text, data) in
        [("", None), ("", Some(JsonObject::empty())), ("a\0b", None), ("", Some(json(r#"{"a":"\u0000"}"#)))]
    {
        let mut request = message(room, "c-1", text);
        request.data = data;
        let refused = world.service.send(&actor("alice"), request).await;
        assert!(matches!(refused, Err(ServiceError::InvalidParams { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn all_is_for_admins() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let mut request = message(room, "c-1", "hi");
    request.mentions.all = true;
    assert_eq!(world.service.send(&actor("bob"), request).await, Err(ServiceError::Forbidden));
}

#[tokio::test]
async fn the_rate_says_when_to_come_back_and_a_repetition_is_answered_all_the_same() {
    let world = World::with(|limits| (limits.sends_per_s, limits.sends_burst) = (2, 1));
    let room = world.group(&["alice", "bob"]).await;
    let alice = actor("alice");
    let first = world.service.send(&alice, message(room, "c-1", "one")).await.unwrap();
    let refused = world.service.send(&alice, message(room, "c-2", "two")).await;
    assert_eq!(refused, Err(ServiceError::RateLimited { retry_after_ms: 500 }));
    let again = world.service.send(&alice, message(room, "c-1", "one")).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let other = world.service.send(&alice, message(room, "c-1", "another")).await;
    assert_eq!(other, Err(ServiceError::Conflict));
    world.clock.advance(500);
    assert!(world.service.send(&alice, message(room, "c-2", "two")).await.is_ok());
}

#[tokio::test]
async fn a_repetition_is_answered_although_a_limit_was_lowered_since() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let first = world.service.send(&actor("alice"), message(room, "c-1", "a long text")).await.unwrap();
    let stricter = world.service_with(|limits| limits.text_bytes = 3);
    let again = stricter.send(&actor("alice"), message(room, "c-1", "a long text")).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let new = stricter.send(&actor("alice"), message(room, "c-2", "a long text")).await;
    assert!(matches!(new, Err(ServiceError::TooLarge { .. })));
}

#[tokio::test]
async fn a_server_key_has_no_rate_and_keeps_unread_by_default() {
    let world = World::with(|limits| (limits.sends_per_s, limits.sends_burst) = (1, 1));
    let room = world.group(&["alice", "bob"]).await;
    let alice = world.server_key().await.act_for(user("alice")).unwrap();
    for number in 0..3 {
        let request = message(room, &format!("c-{number}"), "hi");
        assert!(world.service.send(&alice, request).await.is_ok());
    }
    assert_eq!(world.service.room_row(&alice, room).await.unwrap().unread, 3);
    let mut request = message(room, "c-4", "hi");
    request.keep_unread = Some(false);
    assert!(world.service.send(&alice, request).await.is_ok());
    assert_eq!(world.service.room_row(&alice, room).await.unwrap().unread, 0);
}

#[tokio::test]
async fn own_sends_are_read_unless_told_otherwise() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    world.say("alice", room, "one").await;
    assert_eq!(world.service.room_row(&actor("alice"), room).await.unwrap().unread, 0);
    let mut offline = message(room, "c-1", "two");
    offline.keep_unread = Some(true);
    world.service.send(&actor("alice"), offline).await.unwrap();
    assert_eq!(world.service.room_row(&actor("alice"), room).await.unwrap().unread, 1);
    assert_eq!(world.service.room_row(&actor("bob"), room).await.unwrap().unread, 2);
}

#[tokio::test]
async fn sends_commit_in_the_order_they_are_first_polled() {
    let world = World::new();
    let room = world.room(RoomKind::Group, &["alice", "bob"]).await;
    let alice = actor("alice");
    world.calls.take();
    let mut waiting = Context::from_waker(Waker::noop());
    let mut sends = Vec::new();
    for number in 0..5 {
        let mut send = Box::pin(world.service.send(&alice, message(room, &format!("c-{number}"), "hi")));
        let polled = send.as_mut().poll(&mut waiting);
        // One poll is enough to reach the store, whatever the other sends are doing.
        assert_eq!(world.calls.take(), ["append"]);
        sends.push((send, polled));
    }
    let mut seqs = Vec::new();
    for (send, polled) in sends {
        let done = match polled {
            std::task::Poll::Ready(done) => done,
            std::task::Poll::Pending => pin!(send).await,
        };
        seqs.push(done.unwrap().seq.get());
    }
    assert_eq!(seqs, [2, 3, 4, 5, 6]);
}
