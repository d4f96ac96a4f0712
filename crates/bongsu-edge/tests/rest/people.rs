//! Users and devices.

use bongsu_service::ServiceSettings;
use bongsu_types::{KeyScope, Limits};
use serde_json::json;

use crate::node::Node;

#[tokio::test]
async fn a_server_makes_profiles_and_everybody_reads_them() {
    let node = Node::start().await;
    let server = node.server().await;
    let profile =
        json!({ "name": "앨리스", "image": "https://img.example/a.png", "data": { "verified": true } });
    assert_eq!(server.put("/v1/users/alice", profile.clone()).await.ok(), json!({}));
    server.put("/v1/users/bob@example.com", json!({ "name": "Bob" })).await.ok();

    let users = node.user("carol").get("/v1/users?users=alice,bob%40example.com,nobody").await.ok();
    assert_eq!(users["users"], json!({ "alice": profile, "bob@example.com": { "name": "Bob" } }));
    assert_eq!(server.get("/v1/users?users=alice").await.ok()["users"]["alice"]["name"], "앨리스");

    server.put("/v1/users/alice", json!({ "name": "", "data": {} })).await.ok();
    let users = node.user("carol").get("/v1/users?users=alice").await.ok();
    assert_eq!(users["users"]["alice"], json!({ "image": "https://img.example/a.png" }));
}

#[tokio::test]
async fn users_do_not_make_or_revoke_users() {
    let node = Node::start().await;
    let alice = node.user("alice");
    alice.put("/v1/users/alice", json!({ "name": "Queen" })).await.refused("forbidden");
    alice.post("/v1/users/bob/revoke", json!({})).await.refused("forbidden");
}

#[tokio::test]
async fn bad_users_are_named() {
    let limits = Limits { profiles_per_call: 2, ..Limits::default() };
    let node = Node::with(limits, ServiceSettings::default(), Vec::new()).await;
    let alice = node.user("alice");
    assert_eq!(alice.get("/v1/users").await.refused("invalid_params")["field"], "users");
    assert_eq!(alice.get("/v1/users?users=a,,b").await.refused("invalid_params")["field"], "users[1]");
    assert_eq!(alice.get("/v1/users?users=a,b,c").await.refused("limit_reached")["limit"], 2);
    let server = node.server().await;
    let bad = server.put("/v1/users/not%20ok", json!({})).await.refused("invalid_params");
    assert_eq!(bad["field"], "users[0].user");
}

#[tokio::test]
async fn a_revoked_users_tokens_are_refused_until_newer_ones_come() {
    let node = Node::start().await;
    let old = node.user("alice");
    old.get("/v1/rooms").await.ok();
    node.clock.advance(10);
    assert_eq!(node.server().await.post("/v1/users/alice/revoke", json!({})).await.ok(), json!({}));
    old.get("/v1/rooms").await.refused("unauthorized");
    node.clock.advance(10);
    node.user("alice").get("/v1/rooms").await.ok();
}

#[tokio::test]
async fn the_scopes_of_a_key_are_respected() {
    let node = Node::start().await;
    let act = node.stranger().bearer(&node.server_key(&[KeyScope::Act]).await);
    let users = node.stranger().bearer(&node.server_key(&[KeyScope::Users]).await);
    act.put("/v1/users/alice", json!({ "name": "x" })).await.refused("forbidden");
    act.post("/v1/users/alice/revoke", json!({})).await.refused("forbidden");
    act.get("/v1/users?users=alice").await.refused("forbidden");
    act.acting_for("alice").get("/v1/rooms").await.ok();
    users.put("/v1/users/alice", json!({ "name": "x" })).await.ok();
    users.acting_for("alice").get("/v1/rooms").await.refused("forbidden");
    users.post("/v1/rooms", json!({ "kind": "group", "members": ["alice"] })).await.refused("forbidden");
}

#[tokio::test]
async fn devices_are_listed_and_removed() {
    let node = Node::start().await;
    node.register_device("alice", "alice-phone").await;
    let alice = node.user("alice");
    let devices = alice.get("/v1/devices").await.ok();
    assert_eq!(devices["devices"][0]["id"], "alice-phone");
    assert_eq!(devices["devices"][0]["platform"], "web");
    assert_eq!(devices["devices"][0]["current"], false);
    node.user("bob").delete("/v1/devices/alice-phone").await.refused("not_found");
    assert_eq!(alice.delete("/v1/devices/alice-phone").await.ok(), json!({}));
    assert_eq!(alice.get("/v1/devices").await.ok()["devices"], json!([]));
    alice.delete("/v1/devices/alice-phone").await.refused("not_found");
}
