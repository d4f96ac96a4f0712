//! Health, metrics, and the people of a demo.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use bongsu_edge::{DemoUser, metrics_router, serve_metrics};
use bongsu_service::ServiceSettings;
use bongsu_types::Limits;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::node::{Node, user_id};

#[tokio::test]
async fn a_server_is_ready_until_it_drains_and_alive_all_the_while() {
    let node = Node::start().await;
    let stranger = node.stranger();
    assert_eq!(stranger.get("/healthz").await.status, 200);
    assert_eq!(stranger.get("/readyz").await.status, 200);
    node.edge.drain(Duration::from_secs(5)).await;
    assert_eq!(stranger.get("/readyz").await.status, 503);
    assert_eq!(stranger.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_demo_names_its_people_and_no_other_server_does() {
    let alice = DemoUser { user: user_id("alice"), name: "앨리스".to_owned(), token: "t".to_owned() };
    let node = Node::with(Limits::default(), ServiceSettings::default(), vec![alice]).await;
    let users = node.stranger().get("/demo/users").await.ok();
    assert_eq!(users, json!([{ "user": "alice", "name": "앨리스", "token": "t" }]));
    let foreign = node.stranger().header("origin", "https://evil.example").get("/demo/users").await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
    Node::start().await.stranger().get("/demo/users").await.refused("unknown_method");
}

#[tokio::test]
async fn metrics_are_rendered_on_a_router_of_their_own() {
    let router = metrics_router(|| "bongsu_up 1\n".to_owned());
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert_eq!(Node::start().await.stranger().get("/metrics").await.status, 404);
}

#[test]
fn requests_are_counted_by_route_and_status_and_no_id_becomes_a_label() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let node = Node::start().await;
            let room = node.group("alice", &["bob"]).await;
            node.user("bob").get(&room).await.ok();
            node.user("zoe").get(&room).await.refused("not_found");
            node.stranger().get("/v1/secret").await.refused("unknown_method");
            let made_up = Method::from_bytes(b"MADEUP").unwrap();
            node.stranger().call(made_up, "/v1/rooms", Body::empty()).await;
        });
    });
    let text = recorder.handle().render();
    for line in [
        r#"bongsu_http_requests_total{route="GET /v1/rooms/{room}",status="200"} 1"#,
        r#"bongsu_http_requests_total{route="GET /v1/rooms/{room}",status="404"} 1"#,
        r#"bongsu_http_requests_total{route="GET /v1/{*path}",status="404"} 1"#,
        r#"bongsu_http_requests_total{route="OTHER /v1/rooms",status="405"} 1"#,
        r#"bongsu_http_request_seconds_count{route="POST /v1/rooms"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_metrics_listener_ends_when_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve_metrics(listener, String::new, stop.clone()));
    stop.cancel();
    serving.await.unwrap();
}
