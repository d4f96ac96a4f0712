//! Who may call: tokens, server keys, and what a server key may do without a user.

use bongsu_types::KeyScope;
use serde_json::json;

use crate::node::Node;

#[tokio::test]
async fn without_a_valid_credential_nothing_is_answered() {
    let node = Node::start().await;
    let stranger = node.stranger();
    let missing = stranger.get("/v1/rooms").await;
    assert_eq!(missing.refused("unauthorized")["retry"], false);
    assert!(missing.header("www-authenticate").starts_with("Bearer"));
    for credential in ["", "nonsense", "bsk_", "bsk_abc", "bsk_abc_def", "a.b.c"] {
        stranger.clone().bearer(credential).get("/v1/rooms").await.refused("unauthorized");
    }
    let basic = stranger.clone().header("authorization", "Basic YTpi");
    basic.get("/v1/rooms").await.refused("unauthorized");
    // Nor does a stranger learn what else would be wrong.
    stranger.get("/v1/rooms/nonsense").await.refused("unauthorized");
}

#[tokio::test]
async fn a_forged_token_is_refused_and_an_expired_one_says_so() {
    let node = Node::start().await;
    let token = node.token("alice");
    let (content, signature) = token.rsplit_once('.').unwrap();
    let forged: String = signature.chars().rev().collect();
    let forged = node.stranger().bearer(&format!("{content}.{forged}"));
    forged.get("/v1/rooms").await.refused("unauthorized");

    let lower = node.stranger().header("authorization", &format!("bearer {token}"));
    lower.get("/v1/rooms").await.ok();
    node.clock.advance(25 * 60 * 60 * 1_000);
    let expired = node.stranger().bearer(&token).get("/v1/rooms").await;
    expired.refused("token_expired");
    assert!(expired.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn a_server_key_acts_for_a_user() {
    let node = Node::start().await;
    let server = node.server().await;
    let room = node.group("alice", &["bob"]).await;
    let seq = server.acting_for("alice").send(&room, "c-1", "from the server").await;
    let page = node.user("bob").get(&format!("{room}/messages")).await.ok();
    assert_eq!(page["messages"][0]["sender"], "alice");
    // The user has not seen it: their own mark stays.
    assert!(node.user("alice").get(&room).await.ok()["read_seq"].as_u64().unwrap() < seq);
    server.acting_for("zoe").get(&room).await.refused("not_found");
    let bad = server.acting_for("not ok").get(&room).await.refused("invalid_params");
    assert_eq!(bad["field"], "X-Bongsu-User");
}

#[tokio::test]
async fn a_server_key_changes_the_data_of_a_direct_room() {
    let node = Node::start().await;
    let server = node.server().await.acting_for("alice");
    let body = json!({ "kind": "direct", "members": ["bob"] });
    let created = server.post("/v1/rooms", body).await.ok();
    let room = format!("/v1/rooms/{}", created["room"].as_str().unwrap());
    assert!(node.user("bob").get(&room).await.ok().get("request").is_none());
    server.patch(&room, json!({ "data": { "price": 3 } })).await.ok();
    node.user("alice").patch(&room, json!({ "data": { "price": 1 } })).await.refused("forbidden");
    assert_eq!(node.user("bob").get(&room).await.ok()["data"], json!({ "price": 3 }));
}

#[tokio::test]
async fn a_server_key_alone_creates_rooms_whose_keys_are_global() {
    let node = Node::start().await;
    let server = node.server().await;
    let body = json!({ "kind": "group", "members": ["alice", "bob"], "key": "listing:1" });
    let created = server.post("/v1/rooms", body.clone()).await.ok();
    assert_eq!(created["created"], true);
    let room = format!("/v1/rooms/{}", created["room"].as_str().unwrap());
    assert_eq!(node.user("alice").get(&room).await.ok()["role"], "owner");
    assert_eq!(server.post("/v1/rooms", body).await.ok()["created"], false);

    let own = json!({ "kind": "group", "members": ["bob"], "key": "listing:1" });
    assert_eq!(node.user("alice").post("/v1/rooms", own).await.ok()["created"], true);
    let empty = server.post("/v1/rooms", json!({ "kind": "group", "members": [] })).await;
    assert_eq!(empty.refused("invalid_params")["field"], "members");
}

#[tokio::test]
async fn everything_else_needs_a_user_to_act_for() {
    let node = Node::start().await;
    let server = node.server().await;
    let room = node.group("alice", &["bob"]).await;
    for path in ["/v1/rooms", &room, &format!("{room}/messages"), "/v1/devices"] {
        assert_eq!(server.get(path).await.refused("invalid_params")["field"], "X-Bongsu-User");
    }
    let sent = server.post(&format!("{room}/messages"), json!({ "client_id": "c", "text": "x" })).await;
    assert_eq!(sent.refused("invalid_params")["field"], "X-Bongsu-User");
}

#[tokio::test]
async fn a_users_token_acts_for_nobody_else() {
    let node = Node::start().await;
    node.user("alice").acting_for("bob").get("/v1/rooms").await.refused("forbidden");
    node.user("alice").acting_for("alice").get("/v1/rooms").await.ok();
}

#[tokio::test]
async fn a_revoked_server_key_is_refused() {
    let node = Node::start().await;
    let key = node.server_key(&[KeyScope::Act]).await;
    let (id_and_prefix, _) = key.rsplit_once('_').unwrap();
    let guessed = format!("{id_and_prefix}_{}", "A".repeat(43));
    node.stranger().bearer(&guessed).acting_for("alice").get("/v1/rooms").await.refused("unauthorized");
    node.stranger().bearer(&key).acting_for("alice").get("/v1/rooms").await.ok();
}
