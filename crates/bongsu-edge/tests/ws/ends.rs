//! How sessions end: takeover, expiry, revocation, silence, shutdown.

use std::time::Duration;

use bongsu_types::UserId;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::group;
use crate::node::{Node, Setup};

/// A node whose sessions look at the clock all the time, because the tests stop and move it.
async fn restless() -> Node {
    Setup::new().timing(|timing| timing.ping_every = Duration::from_millis(5)).start().await
}

#[tokio::test]
async fn a_newer_session_of_the_device_takes_over() {
    let node = Node::start().await;
    let mut first = node.session("alice").await;
    let mut other = node.session_on("alice", "alice-laptop").await;
    let mut second = node.session("alice").await;
    assert_eq!(first.closed().await, 4109);
    second.settle().await;
    other.settle().await;
}

#[tokio::test]
async fn two_sessions_of_one_device_that_begin_at_once_leave_the_newer_one() {
    let node = Node::start().await;
    let (mut first, mut second) = (node.connect().await, node.connect().await);
    let token = node.token("alice");
    let hello = json!({ "token": token, "device": { "id": "phone" } });
    let frame = json!({ "jsonrpc": "2.0", "id": 1, "method": "session.hello", "params": hello });
    tokio::join!(first.send(frame.clone()), second.send(frame));
    let ended = tokio::select! {
        code = first.closed() => code,
        code = second.closed() => code,
    };
    assert_eq!(ended, 4109);
}

#[tokio::test]
async fn a_token_is_announced_to_expire_and_then_does() {
    let node = restless().await;
    let mut alice = node.connect().await;
    alice.hello(&node.token_for("alice", 600_000), "phone").await;
    node.clock.advance(540_000);
    let expiring = alice.event("session.expiring").await;
    assert_eq!(expiring["expires_ms"], 1_789_000_600_000_u64);
    node.clock.advance(60_000);
    assert_eq!(alice.closed().await, 4101);
}

#[tokio::test]
async fn a_newer_token_lets_the_session_go_on() {
    let node = restless().await;
    let mut alice = node.connect().await;
    alice.hello(&node.token_for("alice", 600_000), "phone").await;
    node.clock.advance(590_000);
    alice.event("session.expiring").await;
    let renewed = alice.call("session.refresh", json!({ "token": node.token_for("alice", 600_000) })).await;
    assert_eq!(renewed["expires_ms"], 1_789_001_190_000_u64);
    let of_bob = json!({ "token": node.token("bob") });
    assert_eq!(alice.refused("session.refresh", of_bob).await, "unauthorized");
    node.clock.advance(60_000);
    alice.settle().await;
    node.clock.advance(540_000);
    assert_eq!(alice.closed().await, 4101);
}

#[tokio::test]
async fn a_revoked_user_is_shut_out_at_once() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let token = node.token("alice");
    node.store.revoke_user(&UserId::new("alice").unwrap()).await.unwrap();
    assert_eq!(alice.closed().await, 4101);
    let mut again = node.connect().await;
    let hello = json!({ "token": token, "device": { "id": "alice-phone" } });
    assert_eq!(again.refused("session.hello", hello).await, "unauthorized");
    assert_eq!(again.closed().await, 4101);
}

#[tokio::test]
async fn a_revoked_user_is_told_nothing_that_came_after() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut bob, &["alice"]).await;
    let before = bob.say(&room, "before").await;
    alice.seqs_until(&room, before).await;
    node.store.revoke_user(&UserId::new("alice").unwrap()).await.unwrap();
    bob.say(&room, "after").await;
    assert_eq!(alice.closed().await, 4101);
    assert!(alice.pending_seqs(&room).is_empty());
}

#[tokio::test]
async fn a_removed_device_comes_back_only_with_a_newer_token() {
    let node = Node::start().await;
    let mut laptop = node.session_on("alice", "alice-laptop").await;
    let mut phone = node.session("alice").await;
    let old = node.token("alice");
    laptop.call("device.remove", json!({ "device": "alice-phone" })).await;
    assert_eq!(phone.closed().await, 4102);
    let mut again = node.connect().await;
    let hello = json!({ "token": old, "device": { "id": "alice-phone" } });
    assert_eq!(again.refused("session.hello", hello).await, "unauthorized");
    node.clock.advance(1_000);
    let mut again = node.session("alice").await;
    again.settle().await;
}

#[tokio::test]
async fn a_silent_client_is_closed() {
    let silent = |timing: &mut bongsu_edge::Timing| timing.silence = Duration::from_millis(20);
    let node = Setup::new().timing(silent).start().await;
    let mut alice = node.connect().await;
    alice.hello(&node.token("alice"), "phone").await;
    assert_eq!(alice.closed().await, 4008);
}

#[tokio::test]
async fn a_client_that_only_answers_pings_is_not_silent() {
    let lively = |timing: &mut bongsu_edge::Timing| {
        timing.silence = Duration::from_secs(1);
        timing.ping_every = Duration::from_millis(20);
    };
    let node = Setup::new().timing(lively).start().await;
    let mut alice = node.session("alice").await;
    // More pings than fit into the silence that is borne.
    alice.pinged(60).await;
    alice.settle().await;
}

#[tokio::test]
async fn a_shutdown_announces_itself_finishes_commands_and_stores_positions() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let seq = alice.say(&room, "hello").await;
    bob.seqs_until(&room, seq).await;
    bob.call("session.ack", json!({ "rooms": { &room: seq } })).await;
    let shutting_down = async { node.shut_down().await };
    let ending = async {
        let draining = bob.event("session.draining").await;
        assert!(draining["reconnect_after_ms"].as_u64().unwrap() < 5_000);
        (alice.closed().await, bob.closed().await)
    };
    let ((), codes) = tokio::join!(shutting_down, ending);
    assert_eq!(codes, (4001, 4001));
    let opened = node.store.hello(hello_of("bob")).await.unwrap();
    assert_eq!(opened.cursors, [(room.parse().unwrap(), bongsu_types::Seq(seq))]);
}

#[tokio::test]
async fn a_connection_that_only_waits_does_not_hold_up_a_shutdown() {
    let node = Node::start().await;
    let mut idle = tokio::net::TcpStream::connect(node.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    node.edge.drain(Duration::from_secs(3_600)).await;
}

fn hello_of(user: &str) -> bongsu_store::Hello {
    bongsu_store::Hello {
        user: UserId::new(user).unwrap(),
        device: bongsu_types::DeviceInfo {
            id: bongsu_types::DeviceId::new(&format!("{user}-phone")).unwrap(),
            platform: String::new(),
            name: String::new(),
        },
        issued_ms: bongsu_types::Millis(1_789_000_000_001),
        epoch: None,
        cursors: Vec::new(),
        profile: None,
    }
}

#[tokio::test]
async fn acks_are_clamped_to_what_was_sent_and_stored_on_close() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let seq = alice.say(&room, "hello").await;
    bob.seqs_until(&room, seq).await;
    bob.call("session.ack", json!({ "rooms": { &room: 1_000_000 } })).await;
    bob.call("session.ack", json!({ "rooms": { &room: 1 } })).await;
    bob.close().await;
    let next = alice.say(&room, "next").await;
    let mut bob = node.session("bob").await;
    assert_eq!(bob.seqs_until(&room, next).await, [next]);
}

#[tokio::test]
async fn a_device_that_is_connected_and_quiet_stays_active() {
    let often = |timing: &mut bongsu_edge::Timing| timing.store_acks_every = Duration::from_millis(5);
    let node = Setup::new().timing(often).start().await;
    let mut alice = node.connect().await;
    alice.hello(&node.token_for("alice", 100 * 24 * 60 * 60 * 1_000), "phone").await;
    node.clock.advance(24 * 60 * 60 * 1_000);
    let now = 1_789_000_000_000 + 24 * 60 * 60 * 1_000;
    let user = UserId::new("alice").unwrap();
    let became_active = async {
        while node.store.devices(&user).await.unwrap()[0].last_active_ms.0 < now {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), became_active).await.unwrap();
}
