//! Bad input: a clear error, or a close with its code; the node and the others stay well.

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::node::{Node, Setup};

/// A masked text frame of the client, with a mask of zeros.
fn text_frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first_byte, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

#[tokio::test]
async fn invalid_utf8_closes_1007() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    alice.raw().write_all(&text_frame(0x81, b"{\"a\":\"\xff\"}")).await.unwrap();
    assert_eq!(alice.closed().await, 1007);
}

#[tokio::test]
async fn an_oversized_frame_closes_1009() {
    let node = Setup::new().limits(|limits| limits.frame_bytes = 1_000).start().await;
    let mut alice = node.session("alice").await;
    alice.send_message(Message::text("x".repeat(500_000))).await;
    assert_eq!(alice.closed().await, 1009);
}

#[tokio::test]
async fn an_oversized_message_in_small_frames_closes_1009() {
    let node = Setup::new().limits(|limits| limits.frame_bytes = 1_000).start().await;
    let mut alice = node.session("alice").await;
    for at in 0..20 {
        let code = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        alice.send_message(Message::Frame(Frame::message(vec![b'x'; 100], code, false))).await;
    }
    assert_eq!(alice.closed().await, 1009);
}

#[tokio::test]
async fn binary_and_unmasked_frames_close_1002() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    alice.send_message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(alice.closed().await, 1002);
    let mut alice = node.session("alice").await;
    alice.raw().write_all(b"\x81\x02{}").await.unwrap();
    assert_eq!(alice.closed().await, 1002);
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_the_session_stays() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let cases = [
        (json!("{"), "invalid_request"),
        (json!([]), "invalid_request"),
        (json!({ "jsonrpc": "2.0", "id": 77, "method": "no.such" }), "unknown_method"),
        (
            json!({ "jsonrpc": "2.0", "id": 77, "method": "room.get", "params": { "room": 7 } }),
            "invalid_params",
        ),
        (json!({ "jsonrpc": "1.0", "id": 77, "method": "ping" }), "invalid_request"),
    ];
    for (frame, kind) in cases {
        alice.send(frame.clone()).await;
        let answer = alice.find(|object| object.get("error").is_some()).await;
        assert_eq!(answer["error"]["data"]["kind"], kind, "{frame}");
    }
    alice.send_message(Message::text("{\"jsonrpc\"")).await;
    let answer = alice.find(|object| object.get("error").is_some()).await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(null), &json!(-32700)));
    let batch: Vec<_> = (0..33).map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })).collect();
    alice.send(json!(batch)).await;
    let answer = alice.find(|object| object.get("error").is_some()).await;
    assert_eq!(answer["error"]["data"]["limit"], 32);
    alice.settle().await;
}

#[tokio::test]
async fn a_text_in_fragments_and_pings_between_them_are_understood() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let stream = alice.raw();
    stream.write_all(&text_frame(0x01, b"{\"jsonrpc\":\"2.0\",\"id\":\"f\",")).await.unwrap();
    stream.write_all(&text_frame(0x89, b"are you there")).await.unwrap();
    stream.write_all(&text_frame(0x80, b"\"method\":\"ping\"}")).await.unwrap();
    let answer = alice.find(|object| object["id"] == "f").await;
    assert!(answer["result"]["now_ms"].is_u64());
}

#[tokio::test]
async fn a_notification_is_not_answered_and_one_with_an_id_is() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    alice.notify("ping", json!({})).await;
    alice.notify("no.such", json!({})).await;
    assert_eq!(alice.call("session.ack", json!({ "rooms": {} })).await, json!({}));
}

#[tokio::test]
async fn a_request_that_is_no_websocket_is_told_so() {
    use tokio::io::AsyncReadExt;
    let node = Node::start().await;
    let mut stream = tokio::net::TcpStream::connect(node.address).await.unwrap();
    stream.write_all(b"GET /v1/connect HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}
