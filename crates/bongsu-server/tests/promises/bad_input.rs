//! Whatever a client sends, it gets a clear answer, its session stays well, and the server always does.

use std::collections::VecDeque;

use bongsu_load::client::{Client, ClientOptions, HelloError, text_message};
use bongsu_load::{Closed, Incoming, Socket};
use bongsu_testkit::{Access, TestClient, within};
use bongsu_types::{ClientId, DeviceId, RoomId, Seq};
use bongsu_wire::{
    Ack, DeleteMessage, EditMessage, ErrorKind, Event, GetRoom, History, LeaveRoom, ListMembers, MarkRead,
    MarkUnread, Ping, React, RemoveMembers, SendMessage,
};
use serde_json::{Value, json};

use crate::bongsu;

/// A position no room will reach, still a position.
const FAR: Seq = Seq((1 << 53) - 1);

/// A session that is spoken to in raw frames.
struct Raw {
    socket: Socket,
    /// Answers that came in one frame with an earlier one.
    answers: VecDeque<Value>,
}

impl Raw {
    async fn hello(access: &Access, user: &str) -> Self {
        let mut socket = Socket::connect(access.endpoint(), None).await.unwrap();
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "session.hello",
            "params": {"token": access.token(user), "device": {"id": "raw"}}});
        socket.send_text(&hello.to_string()).await.unwrap();
        let mut raw = Self::over(socket);
        assert_eq!(raw.answer().await["id"], 0);
        raw
    }

    fn over(socket: Socket) -> Self {
        Self { socket, answers: VecDeque::new() }
    }

    async fn ask(&mut self, frame: &str) -> Value {
        self.socket.send_text(frame).await.unwrap();
        self.answer().await
    }

    /// The next answer; events are passed over.
    async fn answer(&mut self) -> Value {
        within("an answer", async {
            loop {
                if let Some(answer) = self.answers.pop_front() {
                    return answer;
                }
                let Incoming::Text(text) = self.socket.next().await else { panic!("the session ended") };
                let objects = match serde_json::from_str(&text).unwrap() {
                    Value::Array(objects) => objects,
                    object => vec![object],
                };
                self.answers.extend(objects.into_iter().filter(|object| object.get("method").is_none()));
            }
        })
        .await
    }

    async fn closed(&mut self) -> Closed {
        within("the end of the session", async {
            loop {
                if let Incoming::Closed(closed) = self.socket.next().await {
                    return closed;
                }
            }
        })
        .await
    }

    async fn assert_well(&mut self) {
        let pong = self.ask(r#"{"jsonrpc":"2.0","id":"well","method":"ping"}"#).await;
        assert_eq!((&pong["id"], pong["result"]["now_ms"].is_u64()), (&json!("well"), true), "{pong}");
    }
}

fn kind(answer: &Value) -> &str {
    answer["error"]["data"]["kind"].as_str().unwrap_or_else(|| panic!("no error: {answer}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_are_no_requests_are_answered_and_the_session_stays_well() {
    let server = bongsu().serve().await;
    let mut raw = Raw::hello(&server.access(), "alice").await;
    let batch = format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#; 33].join(","));
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let frames = [
        ("", "parse"),
        ("{", "parse"),
        ("{\"jsonrpc\":", "parse"),
        (deep.as_str(), "invalid_request"),
        ("null", "invalid_request"),
        ("7", "invalid_request"),
        ("[]", "invalid_request"),
        (batch.as_str(), "invalid_request"),
        ("{}", "invalid_request"),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, "invalid_request"),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, "invalid_request"),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, "invalid_request"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"no.such"}"#, "unknown_method"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"message.search","params":{"query":"x"}}"#, "unknown_method"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"room.get","params":[1]}"#, "invalid_params"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"room.get","params":{}}"#, "invalid_params"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"room.get","params":{"room":null}}"#, "invalid_params"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"room.get","params":{"room":"nonsense"}}"#, "invalid_params"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"room.changes","params":{"since":-1}}"#, "invalid_params"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"room.changes","params":{"since":9007199254740992}}"#,
            "invalid_params",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"room.list","params":{"cursor":"made up"}}"#, "invalid_params"),
    ];
    for (frame, expected) in frames {
        let answer = raw.ask(frame).await;
        assert_eq!(kind(&answer), expected, "{} -> {answer}", &frame[..frame.len().min(100)]);
        raw.assert_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_answers_each_request_by_itself() {
    let server = bongsu().serve().await;
    let mut raw = Raw::hello(&server.access(), "alice").await;
    raw.socket
        .send_text(
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"none"},7,
                {"jsonrpc":"2.0","method":"ping"}]"#,
        )
        .await
        .unwrap();
    let answers = [raw.answer().await, raw.answer().await, raw.answer().await];
    let of = |id: Value| answers.iter().find(|answer| answer["id"] == id).expect("an answer of its own");
    assert!(of(json!(1))["result"].is_object());
    assert_eq!(kind(of(json!(2))), "unknown_method");
    assert_eq!(kind(of(Value::Null)), "invalid_request");
    raw.assert_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_of_the_socket_closes_it_with_a_code() {
    let server = bongsu().serve().await;
    let access = server.access();

    let mut oversized = Raw::hello(&access, "alice").await;
    let frame = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":"{}"}}"#, "x".repeat(128 * 1024));
    // The server may close while the frame is still being written.
    drop(oversized.socket.send_text(&frame).await);
    assert_eq!(oversized.closed().await.code, Some(1009));

    let mut invalid = Raw::hello(&access, "alice").await;
    invalid.socket.send_text_bytes(b"{\"jsonrpc\":\"2.0\xff\"}".to_vec()).await.unwrap();
    assert_eq!(invalid.closed().await.code, Some(1007));

    let mut binary = Raw::hello(&access, "alice").await;
    binary.socket.send_binary(b"{}".to_vec()).await.unwrap();
    assert_eq!(binary.closed().await.code, Some(1002));

    Raw::hello(&access, "alice").await.assert_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_exactly_the_bound_is_taken() {
    let server = bongsu().serve().await;
    let mut raw = Raw::hello(&server.access(), "alice").await;
    let frame = |filling: usize| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":"{}"}}"#, "x".repeat(filling))
    };
    let around = frame(0).len();
    assert!(raw.ask(&frame(128 * 1024 - around)).await["result"].is_object());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hello_that_is_refused_is_answered_then_closed() {
    let server = bongsu().serve().await;
    let access = server.access();
    let tokens = [
        (access.forged_token("alice"), ErrorKind::Unauthorized),
        (access.foreign_token("alice"), ErrorKind::Unauthorized),
        (access.expired_token("alice"), ErrorKind::TokenExpired),
        ("not a token".to_owned(), ErrorKind::Unauthorized),
        (String::new(), ErrorKind::Unauthorized),
        (unsigned(&access.token("alice")), ErrorKind::Unauthorized),
        (access.server_key().to_owned(), ErrorKind::Unauthorized),
    ];
    for (token, expected) in tokens {
        let mut socket = Socket::connect(access.endpoint(), None).await.unwrap();
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "session.hello",
            "params": {"token": token, "device": {"id": "d"}}});
        socket.send_text(&hello.to_string()).await.unwrap();
        let mut raw = Raw::over(socket);
        let answer = raw.answer().await;
        assert_eq!(answer["error"]["code"], expected.code(), "{answer}");
        assert_eq!(raw.closed().await.code, Some(4101));
    }
}

/// The same claims with the algorithm `none`.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_hello_nothing_else_is_taken() {
    let server = bongsu().serve().await;
    let mut raw = Raw::over(Socket::connect(server.access().endpoint(), None).await.unwrap());
    let answer = raw.ask(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    assert_eq!(kind(&answer), "unauthorized");
    assert_eq!(raw.closed().await.code, Some(4101));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_out_of_their_charset_are_refused_with_the_field() {
    let server = bongsu().serve().await;
    let access = server.access();
    for device in ["", "sp ace", "슬래시", &"x".repeat(65)] {
        let mut socket = Socket::connect(access.endpoint(), None).await.unwrap();
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "session.hello",
            "params": {"token": access.token("alice"), "device": {"id": device}}});
        socket.send_text(&hello.to_string()).await.unwrap();
        let mut raw = Raw::over(socket);
        let answer = raw.answer().await;
        assert_eq!(
            (kind(&answer), &answer["error"]["data"]["field"]),
            ("invalid_params", &json!("device.id"))
        );
    }
    let mut raw = Raw::hello(&access, "alice").await;
    for member in ["", "a b", "밥", "a/b", &"x".repeat(65)] {
        let create = json!({"jsonrpc": "2.0", "id": 1, "method": "room.create",
            "params": {"kind": "group", "members": ["bob", member]}});
        let answer = raw.ask(&create.to_string()).await;
        assert_eq!(kind(&answer), "invalid_params", "{member}: {answer}");
        assert!(answer["error"]["data"]["field"].as_str().unwrap().starts_with("members"), "{answer}");
    }
    let nul = json!({"jsonrpc": "2.0", "id": 1, "method": "room.create",
        "params": {"kind": "group", "members": ["bob"], "name": "a\0b"}});
    assert_eq!(kind(&raw.ask(&nul.to_string()).await), "invalid_params");
    raw.assert_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_a_stranger_a_room_does_not_exist() {
    let server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let room = alice.room();
    let seq = alice.send("hi").await.acked().seq;
    let mallory = server.access().client("mallory").await;
    let client_id = ClientId::new("m").unwrap();
    let users = vec![mallory.user()];
    let refusals = [
        mallory.refused(text_message(room, client_id, "let me in")).await,
        mallory.refused(GetRoom { room }).await,
        mallory.refused(History { room, before: None, after: None, around: None, limit: None }).await,
        mallory.refused(ListMembers { room, limit: None, cursor: None }).await,
        mallory.refused(MarkRead { room, seq }).await,
        mallory.refused(MarkUnread { room }).await,
        mallory.refused(edit(room, seq)).await,
        mallory.refused(DeleteMessage { room, seq, client_id: None }).await,
        mallory.refused(react(room, seq)).await,
        mallory.refused(LeaveRoom { room }).await,
        mallory.refused(RemoveMembers { room, users: users.clone() }).await,
        mallory.refused(bongsu_wire::AddMembers { room, users }).await,
        mallory.refused(GetRoom { room: RoomId::from_bytes([9; 16]) }).await,
    ];
    for refusal in refusals {
        assert_eq!(refusal.kind, ErrorKind::NotFound, "{refusal:?}");
    }
    assert!(mallory.connection().list_rooms().await.unwrap().0.is_empty());
}

fn edit(room: RoomId, seq: Seq) -> EditMessage {
    EditMessage { room, seq, client_id: None, text: Some("changed".into()), data: None }
}

fn react(room: RoomId, seq: Seq) -> React {
    React { room, seq, emoji: "👍".parse().unwrap(), remove: false, client_id: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seq_in_the_future_is_clamped_where_it_is_a_position_and_not_found_where_it_is_a_message() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    let room = alice.room();
    let head = alice.send("hi").await.acked();
    bob.until_seen(room, head.seq).await;

    let read = bob.call(MarkRead { room, seq: FAR }).await;
    assert_eq!((read.read_seq, read.read_ord, read.unread), (head.seq, head.ord, 0));
    bob.ack([(room, FAR)].into()).await;
    let reply = SendMessage { reply_to: Some(FAR), ..text_message(room, ClientId::new("r").unwrap(), "re") };
    let refusals = [
        bob.refused(edit(room, FAR)).await,
        bob.refused(DeleteMessage { room, seq: FAR, client_id: None }).await,
        bob.refused(react(room, FAR)).await,
        bob.refused(reply).await,
    ];
    for refusal in refusals {
        assert_eq!(refusal.kind, ErrorKind::NotFound, "{refusal:?}");
    }
    let after = History { room, before: None, after: Some(FAR), around: None, limit: None };
    let page = bob.call(after).await;
    assert!(page.messages.is_empty() && page.from_seq.is_none() && page.to_seq.is_none());

    // The ack of what was never sent moved nothing past it: records still come, also after a reconnect.
    let next = alice.send("still comes").await.acked().seq;
    bob.until_seen(room, next).await;
    bob.connection().close().await;
    alice.send("and this").await.acked();
    bob.reconnect().await;
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_used_for_another_request_is_a_conflict() {
    let server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let once = |text: &str| text_message(alice.room(), ClientId::new("once").unwrap(), text);
    let first = alice.call(once("said")).await;
    let again = alice.call(once("said")).await;
    assert!(again.duplicate && !first.duplicate);
    assert_eq!((again.seq, again.ord, again.at_ms), (first.seq, first.ord, first.at_ms));
    assert_eq!(alice.refused(once("something else")).await.kind, ErrorKind::Conflict);
    let empty = text_message(alice.room(), ClientId::new("empty").unwrap(), "");
    assert_eq!(alice.refused(empty).await.kind, ErrorKind::InvalidParams);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_with_an_id_are_answered_and_requests_without_one_are_done() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let done = alice.call(Ack { rooms: [(alice.room(), Seq(1))].into() }).await;
    assert_eq!(done, bongsu_wire::Done {});
    let silent = text_message(alice.room(), ClientId::new("n").unwrap(), "sent as a notification");
    alice.connection().notify(silent).await.unwrap();
    assert_eq!(bob.next_message().await.text, "sent as a notification");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_frames_never_hurt_the_server() {
    let server = bongsu().serve().await;
    let access = server.access();
    let (alice, bob) = access.two_members().await;
    let mut random = bongsu_load::random::Random::seeded(3);
    let seed = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"message.send","params":{{"room":"{}","client_id":"c","text":"x"}}}}"#,
        alice.room()
    );
    for _ in 0..20 {
        let mut raw = Raw::hello(&access, "mallory").await;
        for _ in 0..50 {
            let mut frame = seed.clone().into_bytes();
            for _ in 0..=random.below(4) {
                let at = random.below(frame.len());
                frame[at] = b" \"{}[]:,0a\\u"[random.below(12)];
            }
            frame.truncate(1 + random.below(frame.len()));
            if raw.socket.send_text_bytes(frame).await.is_err() {
                break;
            }
        }
    }
    alice.send("everybody is well").await.acked();
    assert_eq!(bob.next_message().await.text, "everybody is well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_is_announced_and_can_be_replaced() {
    let server = bongsu().serve().await;
    let access = server.access();
    let alice = access.client("alice").await;
    let refreshed = alice.call(bongsu_wire::Refresh { token: access.token("alice") }).await;
    assert!(refreshed.expires_ms >= alice.hello().expires_ms);
    let other = alice.refused(bongsu_wire::Refresh { token: access.token("bob") }).await;
    assert_eq!(other.kind, ErrorKind::Unauthorized, "a session stays its user's");
    alice.call(Ping {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_refused_and_a_newer_one_taken() {
    let server = bongsu().serve().await;
    let access = server.access();
    let alice: TestClient = access.client("alice").await;
    let old = access.token("alice");
    let mut host = access.server();
    assert!(host.post("/v1/users/alice/revoke", &json!({})).await.unwrap().is_success());
    assert_eq!(alice.closed().await.code, Some(4101));
    let options = ClientOptions::new(old, DeviceId::new("d").unwrap());
    let refused = Client::connect(access.endpoint(), options).await.map(drop).unwrap_err();
    assert_eq!(HelloError::kind(&refused), Some(ErrorKind::Unauthorized));
    let again = access.client("alice").await;
    let is_removed = |event: &Event| matches!(event, Event::RoomRemoved(_));
    assert!(!again.connection().take_events().iter().any(is_removed));
}
