//! The routes are those of the OpenAPI document, no more and no fewer.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use bongsu_wire::rest::ROUTES;
use serde_json::Value;

use crate::node::Node;

/// Method and path of everything the document describes.
fn described(document: &Value) -> BTreeSet<(String, String)> {
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    described
}

#[tokio::test]
async fn every_described_operation_is_routed_and_every_route_described() {
    let node = Node::start().await;
    let document = node.stranger().get("/v1/openapi.json").await.ok();
    let described = described(&document);
    let table = ROUTES.iter().map(|route| (route.verb.as_str().to_owned(), route.path.to_owned()));
    assert_eq!(described, table.collect());

    let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let paths: BTreeSet<&String> = described.iter().map(|(_, path)| path).collect();
    for path in paths {
        let filled = path
            .replace("{room}", "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f")
            .replace("{seq}", "1")
            .replace(['{', '}'], "");
        for verb in verbs {
            let method = Method::from_bytes(verb.as_bytes()).unwrap();
            let status = node.stranger().call(method, &filled, Body::empty()).await.status;
            let is_described = described.contains(&(verb.to_owned(), path.clone()));
            // A routed operation asks first who calls.
            assert_eq!(status, if is_described { 401 } else { 405 }, "{verb} {path}");
        }
    }
}

#[tokio::test]
async fn the_served_document_is_the_generated_one() {
    let node = Node::start().await;
    assert_eq!(node.stranger().get("/v1/openapi.json").await.text, bongsu_wire::openapi());
}
