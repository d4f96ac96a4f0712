//! Commands of a session: each does what its use case does, and no session waits for another.

use serde_json::{Value, json};

use crate::client::{group, message};
use crate::node::{Node, Setup};

#[tokio::test]
async fn sends_of_one_session_commit_in_the_order_they_were_sent() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob"]).await;
    let mut ids = Vec::new();
    for at in 0..200 {
        ids.push(alice.request("message.send", message(&room, &format!("{at}"))).await);
    }
    let mut seqs = Vec::new();
    for id in ids {
        let answer = alice.find(|object| object["id"] == id).await;
        seqs.push(answer["result"]["seq"].as_u64().unwrap());
    }
    assert_eq!(seqs, (2..202).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_send_repeated_is_answered_as_the_first_time() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob"]).await;
    let hello = message(&room, "hello");
    let first = alice.call("message.send", hello.clone()).await;
    let again = alice.call("message.send", hello.clone()).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &json!(true)));
    let mut other = hello;
    other["text"] = json!("another");
    assert_eq!(alice.refused("message.send", other).await, "conflict");
}

#[tokio::test]
async fn every_method_without_effect_on_the_session_is_answered() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob"]).await;
    let seq = alice.say(&room, "hello").await;
    let of = |params: Value| {
        let mut params = params;
        params["room"] = json!(room);
        params
    };
    alice.call("message.edit", of(json!({ "seq": seq, "text": "hallo" }))).await;
    alice.call("message.react", of(json!({ "seq": seq, "emoji": "👍" }))).await;
    let page = alice.call("message.history", of(json!({}))).await;
    assert_eq!(page["messages"][0]["text"], "hallo");
    assert_eq!(page["messages"][0]["reactions"]["👍"], json!({ "count": 1, "mine": true }));
    alice.call("message.delete", of(json!({ "seq": seq }))).await;
    assert_eq!(alice.call("room.list", json!({})).await["rooms"][0]["room"], json!(room));
    assert_eq!(alice.call("room.get", of(json!({}))).await["members"].as_array().unwrap().len(), 2);
    alice.call("room.update", of(json!({ "name": "new" }))).await;
    assert_eq!(alice.call("room.members", of(json!({}))).await["members"].as_array().unwrap().len(), 2);
    alice.call("room.add_members", of(json!({ "users": ["carol"] }))).await;
    alice.call("room.set_role", of(json!({ "user": "bob", "role": "owner" }))).await;
    alice.call("room.remove_members", of(json!({ "users": ["carol"] }))).await;
    assert_eq!(alice.call("room.mark_read", of(json!({ "seq": 1_000 }))).await["unread"], 0);
    assert_eq!(alice.call("room.mark_unread", of(json!({}))).await["marked_unread"], true);
    assert_eq!(alice.call("room.settings", of(json!({ "pinned": true }))).await["settings"]["pinned"], true);
    assert!(alice.call("room.changes", json!({ "since": 1 })).await["changes"].is_array());
    assert_eq!(alice.call("device.list", json!({})).await["devices"][0]["current"], true);
    alice.call("user.update", json!({ "name": "Alice" })).await;
    assert_eq!(
        alice.call("user.get", json!({ "users": ["alice"] })).await["users"]["alice"]["name"],
        "Alice"
    );
    assert!(alice.call("ping", json!({})).await["now_ms"].is_u64());
    alice.call("room.leave", of(json!({}))).await;
}

#[tokio::test]
async fn what_only_servers_may_do_is_forbidden_to_users() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    assert_eq!(alice.refused("user.upsert", json!({ "users": [] })).await, "forbidden");
    assert_eq!(alice.refused("user.revoke", json!({ "user": "bob" })).await, "forbidden");
}

#[tokio::test]
async fn to_a_stranger_a_room_does_not_exist() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut eve = node.session("eve").await;
    let room = group(&mut alice, &["bob"]).await;
    let of = |params: Value| {
        let mut params = params;
        params["room"] = json!(room);
        params
    };
    let attempts = [
        ("message.send", of(json!({ "client_id": "c", "text": "x" }))),
        ("message.history", of(json!({}))),
        ("room.get", of(json!({}))),
        ("room.mark_read", of(json!({ "seq": 1 }))),
        ("room.typing", of(json!({ "on": true }))),
        ("room.add_members", of(json!({ "users": ["eve"] }))),
    ];
    for (method, params) in attempts {
        assert_eq!(eve.refused(method, params).await, "not_found", "{method}");
    }
}

#[tokio::test]
async fn a_session_over_its_rate_is_told_when_to_come_back() {
    let limited = |limits: &mut bongsu_types::Limits| {
        limits.sends_per_s = 1;
        limits.sends_burst = 1;
    };
    let node = Setup::new().limits(limited).start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob"]).await;
    alice.say(&room, "one").await;
    let id = alice.request("message.send", message(&room, "two")).await;
    let answer = alice.find(|object| object["id"] == id).await;
    assert_eq!(answer["error"]["data"]["retry_after_ms"], 1_000);
}

#[tokio::test]
async fn typing_reaches_the_others_and_never_the_typist() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    bob.event("room.joined").await;
    alice.event("room.joined").await;
    alice.call("room.typing", json!({ "room": room, "on": true })).await;
    let typing = bob.event("typing").await;
    assert_eq!(typing, json!({ "room": room, "user": "alice", "on": true }));
    alice.settle().await;
    assert!(!alice.pending().contains(&"typing".to_owned()));
}

#[tokio::test]
async fn presence_is_told_of_those_who_share_a_room() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    group(&mut alice, &["bob"]).await;
    let seen = alice.call("presence.watch", json!({ "users": ["bob", "stranger"] })).await;
    assert_eq!(seen["users"]["bob"]["online"], false);
    assert!(seen["users"].get("stranger").is_none());
    let _bob = node.session("bob").await;
    let presence = alice.event("presence").await;
    assert_eq!((&presence["user"], &presence["online"]), (&json!("bob"), &json!(true)));
}

#[tokio::test]
async fn presence_is_not_told_any_more_once_the_last_shared_room_is_gone() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob", "carol"]).await;
    group(&mut alice, &["carol"]).await;
    alice.call("presence.watch", json!({ "users": ["bob", "carol"] })).await;
    alice.call("room.remove_members", json!({ "room": room, "users": ["bob", "carol"] })).await;
    alice.event("member.removed").await;
    node.session("bob").await.settle().await;
    node.session("carol").await.settle().await;
    let presence = alice.event("presence").await;
    assert_eq!((&presence["user"], &presence["online"]), (&json!("carol"), &json!(true)));
    alice.settle().await;
    assert!(!alice.pending().contains(&"presence".to_owned()), "bob shares no room any more");
}
