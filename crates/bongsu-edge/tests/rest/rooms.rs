//! Rooms: create, list, get, update.

use bongsu_types::Limits;
use serde_json::json;

use crate::node::Node;

#[tokio::test]
async fn a_room_is_created_listed_and_read() {
    let node = Node::start().await;
    let alice = node.user("alice");
    let body = json!({
        "kind": "group", "members": ["bob"], "name": "성수동 투룸", "image": "https://img.example/1.jpg",
        "data": { "listing": 4711 }, "key": "listing:4711",
    });
    let created = alice.post("/v1/rooms", body.clone()).await.ok();
    assert_eq!(created["created"], true);
    let room = created["room"].as_str().unwrap();

    let list = alice.get("/v1/rooms").await.ok();
    assert_eq!(list["rooms"][0]["room"], room);
    assert_eq!(list["rooms"][0]["name"], "성수동 투룸");
    assert_eq!(list["unread_total"], 0);
    let row = alice.get(&format!("/v1/rooms/{room}")).await.ok();
    assert_eq!(row["data"], json!({ "listing": 4711 }));
    assert_eq!(row["role"], "owner");
    assert_eq!(row["members"].as_array().unwrap().len(), 2);

    let again = alice.post("/v1/rooms", body).await.ok();
    assert_eq!(again, json!({ "room": room, "created": false }));
}

#[tokio::test]
async fn the_data_of_the_host_app_comes_back_to_the_byte() {
    let node = Node::start().await;
    let alice = node.user("alice");
    let sent = r#"{"kind":"group","members":["bob"],"data":{"b" : 1.0,"a":"\u00e9"}}"#;
    let answer = alice.call(axum::http::Method::POST, "/v1/rooms", sent.into()).await.ok();
    let row = alice.get(&format!("/v1/rooms/{}", answer["room"].as_str().unwrap())).await;
    assert!(row.text.contains(r#""data":{"b" : 1.0,"a":"\u00e9"}"#), "{}", row.text);
}

#[tokio::test]
async fn the_list_is_paged_and_filtered() {
    let node = Node::start().await;
    let (alice, bob) = (node.user("alice"), node.user("bob"));
    for name in ["carol", "dave", "erin"] {
        node.clock.advance(1_000);
        alice.post("/v1/rooms", json!({ "kind": "group", "members": [name, "bob"] })).await.ok();
    }
    let first = bob.get("/v1/rooms?limit=2").await.ok();
    assert_eq!(first["rooms"].as_array().unwrap().len(), 2);
    let cursor = first["cursor"].as_str().unwrap();
    let rest = bob.get(&format!("/v1/rooms?limit=2&cursor={cursor}")).await.ok();
    assert_eq!(rest["rooms"].as_array().unwrap().len(), 1);
    assert!(rest.get("cursor").is_none());

    let room = format!("/v1/rooms/{}", first["rooms"][1]["room"].as_str().unwrap());
    alice.send(&room, "c-1", "hi").await;
    let unread = bob.get("/v1/rooms?unread_only=true&kind=group&hidden=false").await.ok();
    assert_eq!(unread["rooms"].as_array().unwrap().len(), 1);
    assert_eq!(unread["unread_total"], 1);
    assert!(bob.get("/v1/rooms?kind=channel").await.ok()["rooms"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn faults_of_a_query_name_the_parameter() {
    let node = Node::start().await;
    let alice = node.user("alice");
    for (query, field) in [
        ("limit=x", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=99999999999", "limit"),
        ("hidden=yes", "hidden"),
        ("kind=club", "kind"),
        ("cursor=nonsense", "cursor"),
    ] {
        assert_eq!(alice.get(&format!("/v1/rooms?{query}")).await.refused("invalid_params")["field"], field);
    }
}

#[tokio::test]
async fn a_room_is_changed_by_its_admins_only() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let changed = node.user("alice").patch(&room, json!({ "name": "new", "client_id": "u-1" })).await.ok();
    assert_eq!(changed["seq"], 2);
    let again = node.user("alice").patch(&room, json!({ "name": "new", "client_id": "u-1" })).await.ok();
    assert_eq!(again["seq"], 2);
    assert_eq!(node.user("bob").get(&room).await.ok()["name"], "new");
    node.user("bob").patch(&room, json!({ "name": "mine" })).await.refused("forbidden");
    let other = node.user("alice").patch(&room, json!({ "name": "x", "client_id": "u-1" })).await;
    other.refused("conflict");
}

#[tokio::test]
async fn a_direct_room_is_one_for_its_pair() {
    let node = Node::start().await;
    let first =
        node.user("alice").post("/v1/rooms", json!({ "kind": "direct", "members": ["bob"] })).await.ok();
    let second =
        node.user("bob").post("/v1/rooms", json!({ "kind": "direct", "members": ["alice"] })).await.ok();
    assert_eq!(first["room"], second["room"]);
    assert_eq!(second["created"], false);
    let two = json!({ "kind": "direct", "members": ["bob", "carol"] });
    assert_eq!(node.user("alice").post("/v1/rooms", two).await.refused("invalid_params")["field"], "members");
}

#[tokio::test]
async fn bounds_of_rooms_are_told() {
    let limits = Limits { group_members: 3, name_bytes: 8, users_per_call: 4, ..Limits::default() };
    let node = Node::with_limits(limits).await;
    let alice = node.user("alice");
    let many = json!({ "kind": "group", "members": ["b", "c", "d"] });
    assert_eq!(alice.post("/v1/rooms", many).await.refused("limit_reached")["limit"], 3);
    let long = json!({ "kind": "group", "members": ["b"], "name": "a longer name" });
    let refused = alice.post("/v1/rooms", long).await.refused("too_large");
    assert_eq!((&refused["field"], &refused["limit"]), (&json!("name"), &json!(8)));
}

#[tokio::test]
async fn creating_too_many_rooms_is_rate_limited_and_says_when_to_come_back() {
    let node = Node::with_limits(Limits { creates_per_min: 2, ..Limits::default() }).await;
    let alice = node.user("alice");
    let mut answer = alice.get("/v1/rooms").await;
    for _ in 0..10 {
        answer = alice.post("/v1/rooms", json!({ "kind": "group", "members": ["bob"] })).await;
        if answer.status != 200 {
            break;
        }
    }
    let refused = answer.refused("rate_limited");
    assert_eq!(refused["retry"], true);
    assert_eq!(refused["outcome"], "not_applied");
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}
