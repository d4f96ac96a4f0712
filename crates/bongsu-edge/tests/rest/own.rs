//! What a user has of a room: read marks, the unread flag, settings, requests.

use serde_json::json;

use crate::node::Node;

#[tokio::test]
async fn reading_moves_the_mark_forward_only() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    node.user("alice").send(&room, "c-1", "one").await;
    let last = node.user("alice").send(&room, "c-2", "two").await;
    let bob = node.user("bob");
    assert_eq!(bob.get(&room).await.ok()["unread"], 2);

    let read = bob.post(&format!("{room}/read"), json!({ "seq": last - 1 })).await.ok();
    assert_eq!((&read["unread"], &read["read_seq"]), (&json!(1), &json!(last - 1)));
    let future = bob.post(&format!("{room}/read"), json!({ "seq": 900 })).await.ok();
    assert_eq!((&future["unread"], &future["read_seq"]), (&json!(0), &json!(last)));
    let back = bob.post(&format!("{room}/read"), json!({ "seq": 1 })).await.ok();
    assert_eq!(back["read_seq"], last);
    let none = bob.post(&format!("{room}/read"), json!({})).await.refused("invalid_params");
    assert_eq!(none["field"], "seq");
}

#[tokio::test]
async fn the_unread_flag_counts_one_until_read() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let bob = node.user("bob");
    let flagged = bob.post(&format!("{room}/unread"), json!({})).await.ok();
    assert_eq!(flagged["marked_unread"], true);
    assert!(flagged["user_rev"].as_u64().unwrap() > 0);
    assert_eq!(bob.get("/v1/rooms").await.ok()["unread_total"], 1);
    bob.post(&format!("{room}/read"), json!({ "seq": 1 })).await.ok();
    assert_eq!(bob.get("/v1/rooms").await.ok()["unread_total"], 0);
}

#[tokio::test]
async fn settings_change_one_by_one_and_hiding_ends_with_the_next_record() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let bob = node.user("bob");
    let settings = format!("{room}/settings");
    let body = json!({ "pinned": true, "custom": { "color": "red" } });
    let set = bob.patch(&settings, body).await.ok();
    assert_eq!(
        set["settings"],
        json!({ "pinned": true, "muted_until_ms": 0, "hidden": false, "custom": { "color": "red" } })
    );
    let hidden = bob.patch(&settings, json!({ "hidden": true, "custom": {} })).await.ok();
    assert_eq!(hidden["settings"], json!({ "pinned": true, "muted_until_ms": 0, "hidden": true }));
    assert_eq!(bob.get("/v1/rooms?hidden=true").await.ok()["rooms"].as_array().unwrap().len(), 1);

    node.user("alice").send(&room, "c-1", "knock").await;
    let shown = bob.patch(&settings, json!({ "pinned": false })).await.ok();
    assert_eq!(shown["settings"]["hidden"], false);
    assert_eq!(bob.get("/v1/rooms").await.ok()["rooms"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_room_from_a_stranger_waits_to_be_accepted() {
    let node = Node::start().await;
    let body = json!({ "kind": "direct", "members": ["bob"] });
    let created = node.user("alice").post("/v1/rooms", body).await.ok();
    let room = format!("/v1/rooms/{}", created["room"].as_str().unwrap());
    assert_eq!(node.user("bob").get(&room).await.ok()["request"], true);
    let row = node.user("bob").post(&format!("{room}/accept"), json!({})).await.ok();
    assert!(row.get("request").is_none());
    assert_eq!(row["peer"]["user"], "alice");
}
