//! Browsers: pages of any origin may use a user's token, none a server key.

use axum::body::Body;
use axum::http::Method;

use crate::node::Node;

const ORIGIN: &str = "https://app.example";

#[tokio::test]
async fn a_page_may_use_a_users_token() {
    let node = Node::start().await;
    let preflight = node
        .stranger()
        .header("origin", ORIGIN)
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "authorization,content-type")
        .call(Method::OPTIONS, "/v1/rooms", Body::empty())
        .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(preflight.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization, content-type");
    assert_eq!(preflight.header("access-control-allow-credentials"), "");

    let answer = node.user("alice").header("origin", ORIGIN).get("/v1/rooms").await;
    answer.ok();
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let refused = node.user("alice").header("origin", ORIGIN).get("/v1/rooms/nonsense").await;
    assert_eq!(refused.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_server_key_in_a_page_is_refused_and_its_answer_hidden() {
    let node = Node::start().await;
    let answer = node.server().await.acting_for("alice").header("origin", ORIGIN).get("/v1/rooms").await;
    answer.refused("forbidden");
    assert!(answer.text.contains("server keys stay on servers"), "{}", answer.text);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_answer_is_kept_out_of_caches_and_is_what_it_says() {
    let node = Node::start().await;
    let alice = node.user("alice");
    for answer in [
        alice.get("/v1/rooms").await,
        alice.get("/v1/rooms/nonsense").await,
        alice.get("/v1/nonsense").await,
        alice.delete("/v1/rooms").await,
        node.stranger().get("/v1/openapi.json").await,
    ] {
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}
