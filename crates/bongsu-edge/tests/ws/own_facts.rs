//! The user's own facts reach all own devices, in the order of `user_rev`.

use serde_json::json;

use crate::client::{group, message};
use crate::node::Node;

#[tokio::test]
async fn a_joined_room_is_told_before_its_first_record() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let first = bob.next().await;
    assert_eq!(first["method"], "room.joined");
    assert_eq!((&first["params"]["row"]["room"], &first["params"]["from_seq"]), (&json!(room), &json!(1)));
    assert_eq!(bob.next().await["method"], "member.added");
}

#[tokio::test]
async fn settings_and_reads_reach_the_other_devices_of_the_user() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut laptop = node.session_on("alice", "alice-laptop").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let seq = bob.say(&room, "hello").await;
    alice.call("room.settings", json!({ "room": room, "pinned": true })).await;
    alice.call("room.mark_unread", json!({ "room": room })).await;
    let read = alice.call("room.mark_read", json!({ "room": room, "seq": seq })).await;
    assert_eq!(laptop.event("room.settings").await["settings"]["pinned"], true);
    assert_eq!(laptop.event("room.read").await["marked_unread"], true);
    let told = laptop.event("room.read").await;
    assert_eq!((&told["read_seq"], &told["unread"]), (&json!(seq), &json!(0)));
    assert_eq!(told["user_rev"], read["user_rev"]);
}

#[tokio::test]
async fn own_revisions_come_without_gaps() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut laptop = node.session_on("alice", "alice-laptop").await;
    let room = group(&mut alice, &["bob"]).await;
    for pinned in [true, false, true, false, true] {
        alice.call("room.settings", json!({ "room": room, "pinned": pinned })).await;
    }
    alice.call("room.leave", json!({ "room": room })).await;
    let mut revisions = Vec::new();
    while revisions.len() < 7 {
        let event = laptop.find(|object| object["params"]["user_rev"].is_u64()).await;
        revisions.push(event["params"]["user_rev"].as_u64().unwrap());
    }
    assert_eq!(revisions, (1..=7).collect::<Vec<u64>>());
}

#[tokio::test]
async fn an_accepted_request_replaces_the_row() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let created = alice.call("room.create", json!({ "kind": "direct", "members": ["bob"] })).await;
    let room = created["room"].clone();
    assert_eq!(bob.event("room.joined").await["row"]["request"], true);
    bob.call("room.accept", json!({ "room": room })).await;
    assert!(bob.event("room.joined").await["row"].get("request").is_none());
    alice.call("message.send", message(room.as_str().unwrap(), "hi")).await;
    assert_eq!(bob.event("message.new").await["text"], "hi");
}

#[tokio::test]
async fn a_removed_device_is_told_to_the_others_and_closed() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut laptop = node.session_on("alice", "alice-laptop").await;
    alice.call("device.remove", json!({ "device": "alice-laptop" })).await;
    assert_eq!(laptop.closed().await, 4102);
    assert_eq!(alice.event("device.removed").await["device"], "alice-laptop");
}
