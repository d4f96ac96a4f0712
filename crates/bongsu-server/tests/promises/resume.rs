//! Coming back: what was missed comes in order, what is too much is told, and nothing goes silently.

use bongsu_load::client::{ClientOptions, numbered, text_message};
use bongsu_testkit::TestClient;
use bongsu_types::{DeviceId, Epoch, RoomId, Seq, UserRev};
use bongsu_wire::{ChangeSettings, Event, MarkRead, ResetReason};

use crate::bongsu;

/// A device that was away for `missed` messages; alice speaks.
async fn away_for(alice: &TestClient, missed: u64) -> Seq {
    let mut head = Seq::ZERO;
    let mut sent = 0;
    while sent < missed {
        let mut replies = Vec::new();
        for number in sent..missed.min(sent + 16) {
            let message = text_message(alice.room(), numbered("missed", number), format!("missed {number}"));
            replies.push(alice.connection().start(message).await.unwrap());
        }
        sent += 16;
        for reply in replies {
            head = reply.result().await.unwrap().seq;
        }
    }
    head
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_records_come_in_order_after_the_reply_to_hello() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    bob.ack_all().await;
    bob.connection().close().await;
    let head = away_for(&alice, 200).await;
    bob.reconnect().await;
    assert!(bob.hello().resumed);
    bob.until_seen(alice.room(), head).await;
    bob.assert_equals_fresh().await;
    let caught_up = |event: &Event| matches!(event, Event::CaughtUp(_)).then_some(());
    bob.next_of("session.caught_up", caught_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_acked_comes_again_and_is_dropped() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    bob.ack_all().await;
    let head = away_for(&alice, 20).await;
    bob.until_seen(alice.room(), head).await;
    // No ack: without cursors in hello the server starts at the last one it knows.
    let options = ClientOptions { cursors: Default::default(), ..bob.resume_options(&server.access()) };
    let again = TestClient::connect_with(server.access(), "bob", options).await.unwrap();
    assert_eq!(again.next_message().await.text, "missed 0");
    // With cursors it starts there.
    bob.reconnect().await;
    let head = alice.send("new").await.acked().seq;
    assert_eq!(bob.next_of("the new message", text_of).await, "new");
    bob.until_seen(alice.room(), head).await;
    bob.assert_equals_fresh().await;
}

fn text_of(event: &Event) -> Option<String> {
    match event {
        Event::MessageNew(new) if !new.message.text.starts_with("missed") => Some(new.message.text.clone()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_over_the_bound_resets_the_room_and_live_records_follow_its_head() {
    let server = bongsu().env("BONGSU_LIMITS__RESUME_ROOM_RECORDS", 50).serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    bob.ack_all().await;
    bob.connection().close().await;
    let head = away_for(&alice, 51).await;
    bob.reconnect().await;
    let reset = bob
        .next_of("room.reset", |event| match event {
            Event::RoomReset(reset) => Some(reset.clone()),
            _ => None,
        })
        .await;
    assert_eq!((reset.reason, reset.head_seq), (ResetReason::Backlog, head));
    let next = alice.send("live").await.acked().seq;
    bob.until_seen(alice.room(), next).await;
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_room_stays_reset_until_it_is_acked() {
    let server = bongsu().env("BONGSU_LIMITS__RESUME_ROOM_RECORDS", 10).serve().await;
    let (alice, bob) = server.access().two_members().await;
    bob.ack_all().await;
    let options = ClientOptions { cursors: Default::default(), ..bob.resume_options(&server.access()) };
    bob.connection().close().await;
    away_for(&alice, 11).await;
    let is_reset = |event: &Event| matches!(event, Event::RoomReset(_)).then_some(());
    for _ in 0..2 {
        // Connects without the rules of a client: nothing is fetched, nothing acked.
        let (client, hello) =
            bongsu_load::Client::connect(server.access().endpoint(), options.clone()).await.unwrap();
        assert!(hello.resumed);
        bongsu_testkit::within("room.reset", async {
            while is_reset(&client.next_event().await.unwrap()).is_none() {}
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_facts_missed_come_as_changes_in_order_of_their_revision() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    let tablet = server.access().device("bob", "bob-tablet").await;
    bob.connection().close().await;
    let head = alice.send("read me").await.acked().seq;
    tablet.call(MarkRead { room: alice.room(), seq: head }).await;
    tablet.call(settings(alice.room(), true)).await;
    let second = alice.create_group("another", vec![bob.user()]).await;
    tablet.until("the tablet to join", |state| state.room(second).is_some()).await;

    bob.reconnect().await;
    let changes = bob.hello().changes.clone().expect("changes since the last time");
    let revs: Vec<UserRev> = changes.iter().map(bongsu_wire::Change::user_rev).collect();
    assert!(revs.is_sorted() && revs.last() == Some(&bob.hello().user_rev), "{revs:?}");
    bob.assert_equals_fresh().await;
    tablet.with_state(|state| assert!(state.room(alice.room()).is_some()));
}

fn settings(room: RoomId, pinned: bool) -> ChangeSettings {
    ChangeSettings { room, pinned: Some(pinned), muted_until_ms: None, hidden: None, custom: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_changes_than_the_bound_ask_for_the_list() {
    let server = bongsu().env("BONGSU_LIMITS__CHANGES_ITEMS", 3).serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    bob.connection().close().await;
    for number in 0..5 {
        alice.create_group(&format!("room {number}"), vec![bob.user()]).await;
    }
    bob.reconnect().await;
    assert!(bob.hello().list_reset);
    assert!(bob.hello().changes.is_none());
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_of_another_epoch_or_beyond_the_head_starts_anew() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let access = server.access();
    let device = DeviceId::new("bob-device").unwrap();
    let epoch = bob.hello().epoch;
    let options = ClientOptions::new(access.token("bob"), device).resuming(Epoch(epoch.0 + 1), UserRev(1));
    let other = TestClient::connect_with(access.clone(), "bob", options.clone()).await.unwrap();
    assert!(!other.hello().resumed, "another epoch: everything but unsent messages is dropped");

    let beyond = [(alice.room(), Seq(1_000_000))].into();
    let options = ClientOptions { epoch: Some(epoch), cursors: beyond, ..options };
    let beyond = TestClient::connect_with(access, "bob", options).await.unwrap();
    assert!(!beyond.hello().resumed, "a position above the head is of another store");
    alice.send("still heard").await.acked();
    assert_eq!(beyond.next_message().await.text, "still heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_device_starts_at_the_heads_and_a_room_joined_while_away_at_its_beginning() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    alice.send("before the device").await.acked();
    let mut tablet = server.access().device("bob", "bob-tablet").await;
    assert!(!tablet.hello().resumed);
    tablet.enter(alice.room()).await;
    alice.send("after").await.acked();
    assert_eq!(tablet.next_message().await.text, "after");

    bob.connection().close().await;
    let room = alice.create_group("joined while away", vec![bob.user()]).await;
    alice.connection().send(room, numbered("first", 0), "first").await.unwrap();
    bob.reconnect().await;
    bob.next_of("the first message", |event| match event {
        Event::MessageNew(new) if new.room == room && new.message.text == "first" => Some(()),
        _ => None,
    })
    .await;
    bob.assert_equals_fresh().await;
}
