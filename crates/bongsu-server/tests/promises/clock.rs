//! What time does, with the clock of the node in the test's hand: tokens, devices, retention, mutes.

use std::sync::Arc;

use bongsu_load::client::{Client, ClientOptions, group};
use bongsu_store::memory::MemoryStore;
use bongsu_testkit::{NodeOptions, TestClient, TestNode, within};
use bongsu_types::{Millis, Retention, Seq};
use bongsu_wire::{ChangeSettings, CreateRoom, ErrorKind, Event, ResetReason};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

async fn node() -> TestNode {
    NodeOptions::default().start(|options| Arc::new(MemoryStore::open(options))).await
}

async fn sweep(node: &TestNode) {
    while node.service().sweep_once().await.unwrap().more {}
}

/// alice and bob in a group of this retention.
async fn kept_for(node: &TestNode, retention: Retention) -> (TestClient, TestClient) {
    let (mut alice, mut bob) = (node.access().client("alice").await, node.access().client("bob").await);
    let room = CreateRoom { retention: Some(retention), ..group("kept", vec![bob.user()]) };
    let room = alice.call(room).await.room;
    alice.enter(room).await;
    bob.enter(room).await;
    (alice, bob)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_over_at_its_end() {
    let node = node().await;
    let token = node.access().token("alice");
    let options = || ClientOptions::new(token.clone(), "d".parse().unwrap());
    let endpoint = node.access().endpoint();
    node.clock().advance(DAY_MS - 1_000);
    drop(Client::connect(endpoint, options()).await.expect("a second is left"));
    node.clock().advance(32_000);
    let refused = Client::connect(endpoint, options()).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), Some(ErrorKind::TokenExpired), "30 s of leeway are over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_idle_for_thirty_days_starts_anew() {
    let node = node().await;
    let (alice, mut bob) = node.access().two_members().await;
    bob.connection().close().await;
    node.clock().advance(29 * DAY_MS);
    node.service().expire_once().await.unwrap();
    alice.send("within thirty days").await.acked();
    bob.reconnect().await;
    assert!(bob.hello().resumed);
    assert_eq!(bob.next_message().await.text, "within thirty days");
    bob.ack_all().await;
    bob.connection().close().await;

    node.clock().advance(31 * DAY_MS);
    node.service().expire_once().await.unwrap();
    alice.send("too late for the device").await.acked();
    bob.reconnect().await;
    assert!(!bob.hello().resumed);
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_past_its_days_is_swept_counts_no_longer_and_resets_who_was_away() {
    let node = node().await;
    let (alice, mut bob) = kept_for(&node, Retention::History { days: Some(7) }).await;
    bob.ack_all().await;
    bob.connection().close().await;
    let old = alice.send("a week ago").await.acked().seq;
    node.clock().advance(8 * DAY_MS);
    let new = alice.send("today").await.acked().seq;
    sweep(&node).await;

    let row = alice.connection().room(alice.room()).await.unwrap();
    assert_eq!(row.floor_seq, old);
    let (messages, _) = alice.connection().history(alice.room(), Seq::ZERO).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [new]);
    bob.reconnect().await;
    let reason = bob
        .next_of("room.reset", |event| match event {
            Event::RoomReset(reset) => Some(reset.reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, ResetReason::Floor);
    bob.assert_equals_fresh().await;
    bob.with_state(|state| assert_eq!(state.room(alice.room()).unwrap().row().unread, 1, "one expired"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transit_record_goes_once_every_device_has_acked_it_and_still_counts_as_unread() {
    let node = node().await;
    let (alice, mut bob) = kept_for(&node, Retention::Transit).await;
    alice.ack_all().await;
    bob.ack_all().await;
    bob.connection().close().await;
    let first = alice.send("wait for bob").await.acked().seq;
    alice.until_seen(alice.room(), first).await;
    alice.ack_all().await;
    sweep(&node).await;
    bob.reconnect().await;
    assert_eq!(bob.next_message().await.text, "wait for bob");
    bob.ack_all().await;
    for client in [&alice, &bob] {
        client.connection().close().await;
    }
    let again = node.access().device("alice", "alice-tablet").await;
    // Acked positions are stored when a session has ended, which nobody is told.
    within("the record to go", async {
        while !again.connection().history(alice.room(), Seq::ZERO).await.unwrap().0.is_empty() {
            sweep(&node).await;
        }
    })
    .await;
    bob.reconnect().await;
    let row = bob.connection().room(alice.room()).await.unwrap();
    assert_eq!((row.floor_seq, row.unread), (first, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_muted_room_is_in_the_badge_again_when_the_mute_ends() {
    let node = node().await;
    let (alice, bob) = node.access().two_members().await;
    alice.send("unread").await.acked();
    let until = Millis(bob.hello().now_ms.0 + DAY_MS / 2);
    let mute = ChangeSettings {
        room: alice.room(),
        pinned: None,
        muted_until_ms: Some(until),
        hidden: None,
        custom: None,
    };
    bob.call(mute).await;
    assert_eq!(bob.connection().list_rooms().await.unwrap().1, 0);
    node.clock().advance(DAY_MS / 2 + 1);
    assert_eq!(bob.connection().list_rooms().await.unwrap().1, 1);
}
