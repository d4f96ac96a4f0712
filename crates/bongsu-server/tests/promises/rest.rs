//! The same verbs over REST: results as on the socket, errors with their status, the server key for any user.

use bongsu_load::rest::path_segment;
use bongsu_types::UserId;
use bongsu_wire::{
    CreateResult, DeviceList, ErrorBody, ErrorKind, HistoryPage, ListRow, MarkReadResult, MemberPage,
    RoomPage, SendResult, SeqResult, Users,
};
use serde_json::json;

use crate::bongsu;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_over_rest_reaches_the_sockets() {
    let server = bongsu().serve().await;
    let access = server.access();
    let mut bob = access.client("bob").await;
    let mut alice = access.rest("alice");
    let body = json!({"kind": "group", "members": ["bob"], "name": "over REST"});
    let room = alice.post("/v1/rooms", &body).await.unwrap().read::<CreateResult>().unwrap().room;
    bob.enter(room).await;

    let messages = format!("/v1/rooms/{room}/messages");
    let body = json!({"client_id": "r-1", "text": "hello"});
    let sent: SendResult = alice.post(&messages, &body).await.unwrap().read().unwrap();
    let again: SendResult = alice.post(&messages, &body).await.unwrap().read().unwrap();
    assert!(again.duplicate && again.seq == sent.seq);
    assert_eq!(bob.next_message().await.text, "hello");

    let message = format!("{messages}/{}", sent.seq);
    alice.patch(&message, &json!({"text": "edited"})).await.unwrap().read::<SeqResult>().unwrap();
    let reaction = format!("{message}/reactions/{}", path_segment("👍"));
    alice.put(&reaction, &json!({})).await.unwrap().read::<SeqResult>().unwrap();
    alice.delete(&reaction).await.unwrap().read::<SeqResult>().unwrap();
    let page: HistoryPage = alice.get(&format!("{messages}?limit=10")).await.unwrap().read().unwrap();
    assert_eq!(page.messages.len(), 1);
    assert_eq!(page.messages[0].text, "edited");
    alice.delete(&message).await.unwrap().read::<SeqResult>().unwrap();
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_members_marks_and_settings_have_their_routes() {
    let server = bongsu().serve().await;
    let access = server.access();
    let (alice, bob) = access.two_members().await;
    let room = alice.room();
    let head = alice.send("unread").await.acked().seq;
    let mut rest = access.rest("bob");
    let path = |rest: &str| format!("/v1/rooms/{room}{rest}");

    let list: RoomPage = rest.get("/v1/rooms?limit=10").await.unwrap().read().unwrap();
    assert_eq!((list.rooms.len(), list.unread_total), (1, 1));
    let row: ListRow = rest.get(&path("")).await.unwrap().read().unwrap();
    assert_eq!((row.unread, row.members.map(|members| members.len())), (1, Some(2)));
    let read: MarkReadResult =
        rest.post(&path("/read"), &json!({"seq": head.0})).await.unwrap().read().unwrap();
    assert_eq!(read.unread, 0);
    assert!(rest.post(&path("/unread"), &json!({})).await.unwrap().is_success());
    assert!(rest.patch(&path("/settings"), &json!({"pinned": true})).await.unwrap().is_success());
    let members: MemberPage = rest.get(&path("/members")).await.unwrap().read().unwrap();
    assert_eq!(members.members.len(), 2);

    let mut owner = access.rest("alice");
    assert!(owner.patch(&path(""), &json!({"name": "renamed"})).await.unwrap().is_success());
    assert!(owner.post(&path("/members"), &json!({"users": ["carol"]})).await.unwrap().is_success());
    assert!(owner.put(&path("/members/bob/role"), &json!({"role": "admin"})).await.unwrap().is_success());
    assert!(owner.post(&path("/members/remove"), &json!({"users": ["carol"]})).await.unwrap().is_success());
    bob.assert_equals_fresh().await;
    let devices: DeviceList = rest.get("/v1/devices").await.unwrap().read().unwrap();
    assert_eq!(devices.devices.len(), 1);
    assert!(rest.delete("/v1/devices/bob-device").await.unwrap().is_success());
    assert_eq!(bob.closed().await.code, Some(4102));
    assert!(rest.post(&path("/leave"), &json!({})).await.unwrap().is_success());
    assert_eq!(rest.get(&path("")).await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_key_makes_users_and_rooms_and_acts_for_anybody() {
    let server = bongsu().serve().await;
    let access = server.access();
    assert_eq!(server.server_key().await, access.server_key(), "`bongsu token --server` prints it");
    let mut host = access.server();
    for (user, name) in [("alice", "앨리스"), ("bob", "Bob")] {
        assert!(host.put(&format!("/v1/users/{user}"), &json!({"name": name})).await.unwrap().is_success());
    }
    let body =
        json!({"kind": "group", "members": ["alice", "bob"], "key": "listing:7", "data": {"price": 7}});
    let made: CreateResult = host.post("/v1/rooms", &body).await.unwrap().read().unwrap();
    let same: CreateResult = host.post("/v1/rooms", &body).await.unwrap().read().unwrap();
    assert!(made.created && !same.created && made.room == same.room);

    let mut bob = access.client("bob").await;
    bob.enter(made.room).await;
    let mut as_alice = access.server().acting_for("alice");
    let body = json!({"client_id": "h-1", "text": "from her app's server", "keep_unread": true});
    let path = format!("/v1/rooms/{}/messages", made.room);
    as_alice.post(&path, &body).await.unwrap().read::<SendResult>().unwrap();
    let message = bob.next_message().await;
    assert_eq!((message.sender.as_str(), message.text.as_str()), ("alice", "from her app's server"));
    let users: Users = host.get("/v1/users?users=alice,bob,nobody").await.unwrap().read().unwrap();
    assert_eq!(users.users[&UserId::new("alice").unwrap()].name, "앨리스");

    assert!(host.post("/v1/users/bob/revoke", &json!({})).await.unwrap().is_success());
    assert_eq!(bob.closed().await.code, Some(4101));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_have_their_status_and_body() {
    let server = bongsu().serve().await;
    let access = server.access();
    let (alice, _bob) = access.two_members().await;
    let room = format!("/v1/rooms/{}", alice.room());
    let messages = format!("{room}/messages");
    let refused = |answer: bongsu_load::rest::Answer, kind: ErrorKind| {
        let body: ErrorBody = serde_json::from_str(&answer.body)
            .unwrap_or_else(|error| panic!("{error} in {} {}", answer.status, answer.body));
        assert_eq!((answer.status, body.error.kind), (kind.status(), kind), "{}", answer.body);
    };
    let mut anonymous = access.anonymous();
    refused(anonymous.get("/v1/rooms").await.unwrap(), ErrorKind::Unauthorized);
    let mut forged = bongsu_load::Rest::new(access.endpoint().clone()).bearer(access.forged_token("alice"));
    refused(forged.get("/v1/rooms").await.unwrap(), ErrorKind::Unauthorized);
    let mut expired = bongsu_load::Rest::new(access.endpoint().clone()).bearer(access.expired_token("alice"));
    refused(expired.get("/v1/rooms").await.unwrap(), ErrorKind::TokenExpired);
    let mut stranger = access.rest("stranger");
    refused(stranger.get(&room).await.unwrap(), ErrorKind::NotFound);
    refused(
        stranger.post(&messages, &json!({"client_id": "1", "text": "x"})).await.unwrap(),
        ErrorKind::NotFound,
    );
    let mut alice = access.rest("alice");
    refused(alice.get("/v1/nothing").await.unwrap(), ErrorKind::UnknownMethod);
    refused(alice.get("/v1/rooms/not-a-room").await.unwrap(), ErrorKind::InvalidParams);
    refused(
        alice.post(&messages, &json!({"client_id": 1, "text": "x"})).await.unwrap(),
        ErrorKind::InvalidParams,
    );
    refused(alice.raw("POST", &messages, "{not json").await.unwrap(), ErrorKind::Parse);
    let long = json!({"client_id": "1", "text": "x".repeat(17_000)});
    refused(alice.post(&messages, &long).await.unwrap(), ErrorKind::TooLarge);
    refused(alice.raw("POST", &messages, vec![b'x'; 200_000]).await.unwrap(), ErrorKind::TooLarge);
    refused(alice.put("/v1/users/alice", &json!({"name": "x"})).await.unwrap(), ErrorKind::Forbidden);
    assert!(alice.get("/v1/rooms").await.unwrap().is_success(), "the server is well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_readiness_and_the_openapi_document_are_public() {
    let server = bongsu().serve().await;
    let mut anonymous = server.access().anonymous();
    for path in ["/healthz", "/readyz", "/v1/openapi.json"] {
        let answer = anonymous.get(path).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}
