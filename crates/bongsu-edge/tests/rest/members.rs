//! Members: list, add, remove, leave, roles; and that a room does not exist for anybody else.

use axum::http::Method;
use bongsu_types::Limits;
use serde_json::{Value, json};

use crate::node::Node;

#[tokio::test]
async fn members_are_listed_in_pages() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob", "carol"]).await;
    let first = node.user("bob").get(&format!("{room}/members?limit=2")).await.ok();
    let names = |page: &Value| {
        let members = page["members"].as_array().unwrap();
        members.iter().map(|member| member["user"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first), ["alice", "bob"]);
    assert_eq!(first["members"][0]["role"], "owner");
    let cursor = first["cursor"].as_str().unwrap();
    let rest = node.user("bob").get(&format!("{room}/members?limit=2&cursor={cursor}")).await.ok();
    assert_eq!(names(&rest), ["carol"]);
    assert!(rest.get("cursor").is_none());
}

#[tokio::test]
async fn members_come_and_go() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let alice = node.user("alice");
    alice.post(&format!("{room}/members"), json!({ "users": ["carol"] })).await.ok();
    node.user("carol").get(&room).await.ok();
    node.user("bob")
        .post(&format!("{room}/members"), json!({ "users": ["dave"] }))
        .await
        .refused("forbidden");

    alice.post(&format!("{room}/members/remove"), json!({ "users": ["carol"] })).await.ok();
    node.user("carol").get(&room).await.refused("not_found");
    node.user("bob").post(&format!("{room}/leave"), json!({})).await.ok();
    node.user("bob").get(&room).await.refused("not_found");
    let nobody = alice.post(&format!("{room}/members"), json!({ "users": [] })).await;
    assert_eq!(nobody.refused("invalid_params")["field"], "users");
    let bad = alice.post(&format!("{room}/members"), json!({ "users": ["ok", "not ok"] })).await;
    assert_eq!(bad.refused("invalid_params")["field"], "users[1]");
}

#[tokio::test]
async fn owners_give_roles_and_one_stays() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let role = |user: &str| format!("{room}/members/{user}/role");
    node.user("bob").put(&role("bob"), json!({ "role": "owner" })).await.refused("forbidden");
    node.user("alice").put(&role("bob"), json!({ "role": "admin" })).await.ok();
    assert_eq!(node.user("bob").get(&room).await.ok()["role"], "admin");
    node.user("alice").put(&role("alice"), json!({ "role": "member" })).await.refused("conflict");
    node.user("alice").put(&role("zoe"), json!({ "role": "admin" })).await.refused("not_found");
    let king = node.user("alice").put(&role("bob"), json!({ "role": "king" })).await;
    assert_eq!(king.refused("invalid_params")["field"], "role");
}

#[tokio::test]
async fn a_group_has_a_bound() {
    let node = Node::with_limits(Limits { group_members: 2, ..Limits::default() }).await;
    let room = node.group("alice", &["bob"]).await;
    let full = node.user("alice").post(&format!("{room}/members"), json!({ "users": ["carol"] })).await;
    assert_eq!(full.refused("limit_reached")["limit"], 2);
}

#[tokio::test]
async fn nobody_leaves_or_joins_a_direct_room() {
    let node = Node::start().await;
    let body = json!({ "kind": "direct", "members": ["bob"] });
    let created = node.user("alice").post("/v1/rooms", body).await.ok();
    let room = format!("/v1/rooms/{}", created["room"].as_str().unwrap());
    node.user("alice").post(&format!("{room}/leave"), json!({})).await.refused("forbidden");
    node.user("alice")
        .post(&format!("{room}/members"), json!({ "users": ["carol"] }))
        .await
        .refused("forbidden");
}

#[tokio::test]
async fn to_a_stranger_and_a_former_member_a_room_does_not_exist() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob", "mallory"]).await;
    let seq = node.user("alice").send(&room, "c-1", "secret").await;
    node.user("alice").post(&format!("{room}/members/remove"), json!({ "users": ["mallory"] })).await.ok();
    let nowhere = "/v1/rooms/019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f";

    for (user, room) in [("zoe", room.as_str()), ("mallory", &room), ("alice", nowhere)] {
        let caller = node.user(user);
        let message = format!("{room}/messages/{seq}");
        for (method, path, body) in [
            (Method::GET, room.to_owned(), json!({})),
            (Method::PATCH, room.to_owned(), json!({ "name": "x" })),
            (Method::GET, format!("{room}/messages"), json!({})),
            (Method::POST, format!("{room}/messages"), json!({ "client_id": "c", "text": "x" })),
            (Method::PATCH, message.clone(), json!({ "text": "x" })),
            (Method::DELETE, message.clone(), json!({})),
            (Method::PUT, format!("{message}/reactions/x"), json!({})),
            (Method::DELETE, format!("{message}/reactions/x"), json!({})),
            (Method::GET, format!("{room}/members"), json!({})),
            (Method::POST, format!("{room}/members"), json!({ "users": ["zoe"] })),
            (Method::POST, format!("{room}/members/remove"), json!({ "users": ["bob"] })),
            (Method::PUT, format!("{room}/members/bob/role"), json!({ "role": "admin" })),
            (Method::POST, format!("{room}/leave"), json!({})),
            (Method::POST, format!("{room}/accept"), json!({})),
            (Method::POST, format!("{room}/read"), json!({ "seq": 1 })),
            (Method::POST, format!("{room}/unread"), json!({})),
            (Method::PATCH, format!("{room}/settings"), json!({ "pinned": true })),
        ] {
            caller.call(method, &path, body.to_string().into()).await.refused("not_found");
        }
    }
    let strange = node.user("alice").get("/v1/rooms/nonsense").await.refused("invalid_params");
    assert_eq!(strange["field"], "room");
}
