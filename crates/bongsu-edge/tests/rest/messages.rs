//! Messages: send, edit, delete, react, history.

use bongsu_types::Limits;
use serde_json::json;

use crate::node::Node;

#[tokio::test]
async fn a_message_is_sent_and_read() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let body = json!({ "client_id": "c-1", "text": "안녕", "mentions": ["bob"], "data": { "k": 1 } });
    let sent = node.user("alice").post(&format!("{room}/messages"), body).await.ok();
    assert_eq!((&sent["seq"], &sent["ord"], &sent["duplicate"]), (&json!(2), &json!(1), &json!(false)));

    let page = node.user("bob").get(&format!("{room}/messages")).await.ok();
    assert_eq!(page["messages"][0]["text"], "안녕");
    assert_eq!(page["messages"][0]["sender"], "alice");
    assert_eq!(page["messages"][0]["client_id"], "c-1");
    assert_eq!((&page["more"], &page["head_seq"]), (&json!(false), &json!(2)));
    assert_eq!(node.user("bob").get(&room).await.ok()["mentions"], 1);
}

#[tokio::test]
async fn sending_again_with_the_same_client_id_answers_the_first_reply() {
    let node = Node::start().await;
    let room = format!("{}/messages", node.group("alice", &["bob"]).await);
    let alice = node.user("alice");
    let body = json!({ "client_id": "c-1", "text": "once" });
    let first = alice.post(&room, body.clone()).await.ok();
    node.clock.advance(60_000);
    let second = alice.post(&room, body).await.ok();
    assert_eq!(second["duplicate"], true);
    assert_eq!((&second["seq"], &second["at_ms"]), (&first["seq"], &first["at_ms"]));
    assert_eq!(alice.get(&room).await.ok()["messages"].as_array().unwrap().len(), 1);

    let other = alice.post(&room, json!({ "client_id": "c-1", "text": "another" })).await;
    other.refused("conflict");
}

#[tokio::test]
async fn history_is_paged_in_both_directions() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let alice = node.user("alice");
    for number in 0..5 {
        alice.send(&room, &format!("c-{number}"), &number.to_string()).await;
    }
    let texts = |page: serde_json::Value| {
        let messages = page["messages"].as_array().unwrap().clone();
        messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let page = |query: &'static str| {
        let (alice, path) = (alice.clone(), format!("{room}/messages?{query}"));
        async move { alice.get(&path).await.ok() }
    };
    assert_eq!(texts(page("limit=2").await), ["3", "4"]);
    assert_eq!(texts(page("before=5&limit=2").await), ["1", "2"]);
    assert_eq!(texts(page("after=4&limit=2").await), ["3", "4"]);
    assert_eq!(texts(page("around=4&limit=3").await), ["1", "2", "3"]);
    let empty = page("after=900").await;
    assert!(empty["messages"].as_array().unwrap().is_empty());

    let both = alice.get(&format!("{room}/messages?before=5&after=2")).await;
    assert_eq!(both.refused("invalid_params")["field"], "after");
    let far = alice.get(&format!("{room}/messages?before=9007199254740992")).await;
    assert_eq!(far.refused("invalid_params")["field"], "before");
}

#[tokio::test]
async fn a_message_is_edited_by_its_sender_only() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let seq = node.user("bob").send(&room, "c-1", "first").await;
    let path = format!("{room}/messages/{seq}");
    let edited = node.user("bob").patch(&path, json!({ "text": "second" })).await.ok();
    assert_eq!(edited["seq"], seq + 1);
    let page = node.user("alice").get(&format!("{room}/messages")).await.ok();
    assert_eq!(page["messages"][0]["text"], "second");
    assert!(page["messages"][0]["edited_ms"].is_u64());

    node.user("alice").patch(&path, json!({ "text": "mine" })).await.refused("forbidden");
    assert_eq!(node.user("bob").patch(&path, json!({})).await.refused("invalid_params")["field"], "text");
    let future = format!("{room}/messages/900");
    node.user("bob").patch(&future, json!({ "text": "x" })).await.refused("not_found");
    let none = format!("{room}/messages/x");
    let refused = node.user("bob").patch(&none, json!({ "text": "x" })).await.refused("invalid_params");
    assert_eq!(refused["field"], "seq");
}

#[tokio::test]
async fn a_message_is_deleted_by_its_sender_or_an_admin() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob", "carol"]).await;
    let seq = node.user("bob").send(&room, "c-1", "gone").await;
    let path = format!("{room}/messages/{seq}?client_id=d-1");
    node.user("carol").delete(&path).await.refused("forbidden");
    let deleted = node.user("alice").delete(&path).await.ok();
    assert_eq!(node.user("alice").delete(&path).await.ok(), deleted);
    let page = node.user("carol").get(&format!("{room}/messages")).await.ok();
    assert_eq!(page["messages"][0]["deleted"], true);
    assert!(page["messages"][0].get("text").is_none());
}

#[tokio::test]
async fn a_reaction_is_put_and_taken_back() {
    let node = Node::start().await;
    let room = node.group("alice", &["bob"]).await;
    let seq = node.user("alice").send(&room, "c-1", "nice").await;
    let reaction = format!("{room}/messages/{seq}/reactions/%F0%9F%91%8D");
    let history = format!("{room}/messages");
    node.user("bob").put(&format!("{reaction}?client_id=r-1"), json!({})).await.ok();
    let page = node.user("bob").get(&history).await.ok();
    assert_eq!(page["messages"][0]["reactions"], json!({ "👍": { "count": 1, "mine": true } }));
    let page = node.user("alice").get(&history).await.ok();
    assert_eq!(page["messages"][0]["reactions"]["👍"]["mine"], false);

    node.user("bob").delete(&reaction).await.ok();
    assert!(node.user("bob").get(&history).await.ok()["messages"][0].get("reactions").is_none());
    let unknown = format!("{room}/messages/900/reactions/x");
    node.user("bob").put(&unknown, json!({})).await.refused("not_found");
    let path = format!("{room}/messages/{seq}/reactions/%FF");
    assert_eq!(node.user("bob").put(&path, json!({})).await.refused("invalid_params")["field"], "path");
}

#[tokio::test]
async fn what_a_message_may_hold_is_bounded() {
    let limits = Limits { text_bytes: 16, data_bytes: 16, mentions: 1, ..Limits::default() };
    let node = Node::with_limits(limits).await;
    let room = format!("{}/messages", node.group("alice", &["bob"]).await);
    let alice = node.user("alice");
    let long =
        alice.post(&room, json!({ "client_id": "c", "text": "가나다라마바사" })).await.refused("too_large");
    assert_eq!((&long["field"], &long["limit"]), (&json!("text"), &json!(16)));
    let data = alice.post(&room, json!({ "client_id": "c", "data": { "a": "0123456789" } })).await;
    assert_eq!(data.refused("too_large")["field"], "data");
    let called = json!({ "client_id": "c", "text": "x", "mentions": ["bob", "carol"] });
    assert_eq!(alice.post(&room, called).await.refused("limit_reached")["limit"], 1);
    let empty = alice.post(&room, json!({ "client_id": "c", "text": "" })).await;
    assert_eq!(empty.refused("invalid_params")["field"], "text");
    let keyless = alice.post(&room, json!({ "text": "x" })).await;
    assert_eq!(keyless.refused("invalid_params")["field"], "client_id");
    let null = alice.post(&room, json!({ "client_id": "c", "text": null })).await;
    assert_eq!(null.refused("invalid_params")["field"], "text");
    let nul = alice.post(&room, json!({ "client_id": "c", "text": "a\0b" })).await;
    assert_eq!(nul.refused("invalid_params")["field"], "text");
    let attachment = json!({ "client_id": "c", "text": "x", "attachments": ["a"] });
    assert_eq!(alice.post(&room, attachment).await.refused("unsupported")["field"], "attachments");
    let reply = alice.post(&room, json!({ "client_id": "c", "text": "x", "reply_to": 900 })).await;
    reply.refused("not_found");
}

#[tokio::test]
async fn all_is_called_on_by_admins_only() {
    let node = Node::start().await;
    let room = format!("{}/messages", node.group("alice", &["bob"]).await);
    let all = json!({ "client_id": "c-1", "text": "x", "mentions": ["@all"] });
    node.user("bob").post(&room, all.clone()).await.refused("forbidden");
    node.user("alice").post(&room, all).await.ok();
}
