//! Requests that are wrong before they mean anything: paths, methods, bodies.

use axum::body::{Body, Bytes};
use axum::http::Method;
use bongsu_types::Limits;
use serde_json::json;

use crate::node::Node;

#[tokio::test]
async fn an_unknown_path_is_told_as_an_unknown_method() {
    let node = Node::start().await;
    for path in ["/v1/nonsense", "/v1/rooms/", "/v1/rooms/x/y/z", "/demo/users"] {
        node.user("alice").get(path).await.refused("unknown_method");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_with_those_that_are_right() {
    let node = Node::start().await;
    let answer = node.user("alice").delete("/v1/rooms").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.json()["error"]["data"]["kind"], "unknown_method");
    let allowed = answer.header("allow");
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let node = Node::start().await;
    let alice = node.user("alice");
    let post = |body: &'static [u8]| alice.call(Method::POST, "/v1/rooms", Body::from(body));
    for body in [&b"{"[..], b"nonsense", b"{}{}", b"\"\xff\"", b"{\"kind\":\"group\",}"] {
        post(body).await.refused("parse");
    }
    for body in [&b"[]"[..], b"1", b"null", b"\"text\""] {
        assert_eq!(post(body).await.refused("invalid_params")["field"], "params");
    }
    assert_eq!(post(b"").await.refused("invalid_params")["field"], "kind");
    let wrong = post(br#"{"kind":"group","members":"bob"}"#).await;
    assert_eq!(wrong.refused("invalid_params")["field"], "members");
    let twice = post(br#"{"kind":"group","kind":"group","members":["bob"]}"#).await;
    assert_eq!(twice.refused("invalid_params")["field"], "kind");
}

#[tokio::test]
async fn a_body_does_not_speak_against_its_path() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let other = json!({ "room": "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f", "client_id": "c", "text": "x" });
    let answer = node.user("alice").post(&format!("{room}/messages"), other).await;
    assert_eq!(answer.refused("invalid_params")["field"], "room");
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused_with_it_announced_or_not() {
    let node = Node::with_limits(Limits { frame_bytes: 1_000, ..Limits::default() }).await;
    let alice = node.user("alice");
    let long = json!({ "kind": "group", "members": ["bob"], "name": "x".repeat(1_000) }).to_string();
    let whole = alice.call(Method::POST, "/v1/rooms", Body::from(long.clone())).await.refused("too_large");
    assert_eq!((&whole["field"], &whole["limit"]), (&json!("body"), &json!(1_000)));

    let chunks = long.into_bytes().chunks(100).map(Bytes::copy_from_slice).collect::<Vec<_>>();
    let stream = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
    alice.call(Method::POST, "/v1/rooms", Body::from_stream(stream)).await.refused("too_large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let node = Node::start().await;
    let broken = [Ok(Bytes::from_static(b"{\"kind\":")), Err(std::io::Error::other("gone"))];
    let body = Body::from_stream(futures_util::stream::iter(broken));
    node.user("alice").call(Method::POST, "/v1/rooms", body).await.refused("parse");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let node = Node::start().await;
    let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let refused = node.user("alice").call(Method::POST, "/v1/rooms", body).await.refused("unavailable");
    assert_eq!(refused["outcome"], "unknown");
}
