//! The first frame.

use std::time::Duration;

use serde_json::json;

use crate::client::group;
use crate::node::{Node, Setup};

#[tokio::test]
async fn hello_says_who_and_where_and_is_answered_before_any_event() {
    let node = Node::start().await;
    let mut alice = node.connect().await;
    let answer = alice.hello_with(&node.token("alice"), "phone", json!({ "list": 10 })).await;
    assert_eq!(answer["user"], "alice");
    assert_eq!(answer["resumed"], false);
    assert_eq!(answer["list_reset"], true);
    assert_eq!(answer["list"]["rooms"], json!([]));
    assert_eq!(answer["ping_ms"], 25_000);
    assert_eq!(answer["limits"]["in_flight"], 32);
    alice.event("session.caught_up").await;
}

#[tokio::test]
async fn a_request_before_hello_is_unauthorized_and_the_connection_ends() {
    let node = Node::start().await;
    let mut client = node.connect().await;
    assert_eq!(client.refused("room.list", json!({})).await, "unauthorized");
    assert_eq!(client.closed().await, 4101);
}

#[tokio::test]
async fn a_refused_token_is_answered_and_then_closed() {
    let node = Node::start().await;
    let mut client = node.connect().await;
    let hello = json!({ "token": "forged", "device": { "id": "phone" } });
    assert_eq!(client.refused("session.hello", hello).await, "unauthorized");
    assert_eq!(client.closed().await, 4101);

    let expired = node.token_for("alice", 1);
    node.clock.advance(60_000);
    let mut client = node.connect().await;
    let hello = json!({ "token": expired, "device": { "id": "phone" } });
    assert_eq!(client.refused("session.hello", hello).await, "token_expired");
    assert_eq!(client.closed().await, 4101);
}

#[tokio::test]
async fn a_malformed_hello_says_which_field() {
    let node = Node::start().await;
    let mut client = node.connect().await;
    let hello = json!({ "token": node.token("alice"), "device": { "id": "한글" } });
    assert_eq!(client.refused("session.hello", hello).await, "invalid_params");
    assert_eq!(client.closed().await, 4101);
}

#[tokio::test]
async fn without_hello_in_time_the_connection_ends() {
    let node = Setup::new().timing(|timing| timing.hello_within = Duration::from_millis(20)).start().await;
    let mut client = node.connect().await;
    assert_eq!(client.closed().await, 4008);
}

#[tokio::test]
async fn requests_in_the_frame_of_the_hello_follow_it() {
    let node = Node::start().await;
    let mut client = node.connect().await;
    let hello = json!({ "token": node.token("alice"), "device": { "id": "phone" } });
    let frame = json!([
        { "jsonrpc": "2.0", "id": "h", "method": "session.hello", "params": hello },
        { "jsonrpc": "2.0", "id": "l", "method": "room.list", "params": {} },
    ]);
    client.send(frame).await;
    assert_eq!(client.next().await["id"], "h");
    let list = client.find(|object| object["id"] == "l").await;
    assert_eq!(list["result"]["unread_total"], 0);
}

#[tokio::test]
async fn a_second_hello_is_refused_and_the_session_stays() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let hello = json!({ "token": node.token("alice"), "device": { "id": "phone" } });
    assert_eq!(alice.refused("session.hello", hello).await, "invalid_request");
    alice.settle().await;
}

#[tokio::test]
async fn one_session_too_many_is_closed_after_the_upgrade() {
    let node = Setup::new().limits(|limits| limits.sessions = 1).start().await;
    let alice = node.session("alice").await;
    let mut bob = node.connect().await;
    assert_eq!(bob.closed().await, 4002);
    alice.close().await;
    // The place is free once the first session has ended; until then the answer is the same.
    loop {
        let mut carol = node.connect().await;
        let hello = json!({ "token": node.token("carol"), "device": { "id": "phone" } });
        let frame = json!({ "jsonrpc": "2.0", "id": 1, "method": "session.hello", "params": hello });
        carol.try_send(frame).await;
        if carol.closed_or_answered().await.is_none() {
            break;
        }
    }
}

#[tokio::test]
async fn a_device_resumes_where_it_acked_in_one_round_trip() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    bob.event("room.joined").await;
    let first = alice.say(&room, "one").await;
    bob.seqs_until(&room, first).await;
    bob.notify("session.ack", json!({ "rooms": { &room: first } })).await;
    bob.settle().await;
    bob.close().await;
    let last = alice.say(&room, "two").await;

    let mut bob = node.connect().await;
    let more = json!({ "cursors": { &room: first }, "user_rev": 1 });
    let answer = bob.hello_with(&node.token("bob"), "bob-phone", more).await;
    assert_eq!(answer["resumed"], true);
    assert_eq!(answer["changes"], json!([]));
    assert_eq!(bob.seqs_until(&room, last).await, [last]);
    bob.event("session.caught_up").await;
}

#[tokio::test]
async fn another_epoch_discards_what_the_client_holds() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob"]).await;
    let bob = node.session("bob").await;
    bob.close_hard();
    alice.say(&room, "missed").await;
    let mut bob = node.connect().await;
    let answer = bob.hello_with(&node.token("bob"), "bob-phone", json!({ "epoch": 1_000_000 })).await;
    assert_eq!((&answer["resumed"], &answer["list_reset"]), (&json!(false), &json!(true)));
    bob.event("session.caught_up").await;
    assert!(bob.pending_seqs(&room).is_empty());
}
