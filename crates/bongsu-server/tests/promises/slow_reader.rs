//! Nobody waits for a slow reader, and a slow reader loses nothing.

use bongsu_load::client::{Reading, numbered, text_message};
use bongsu_testkit::{FaultProxy, TestClient, within};
use bongsu_types::Seq;
use bongsu_wire::Event;

use crate::bongsu;

/// More than a send queue and all buffers of the kernel hold.
const MESSAGES: u64 = 4_000;
const TEXT_BYTES: usize = 8 * 1024;

/// Sends in flight.
const WINDOW: u64 = 16;

async fn send_many(from: &TestClient, count: u64) -> Seq {
    let text = "x".repeat(TEXT_BYTES);
    let mut head = Seq::ZERO;
    let mut sent = 0;
    while sent < count {
        let mut replies = Vec::new();
        for number in sent..count.min(sent + WINDOW) {
            let message = text_message(from.room(), numbered("bulk", number), text.clone());
            replies.push(from.connection().start(message).await.unwrap());
        }
        sent += WINDOW;
        for reply in replies {
            head = reply.result().await.unwrap().seq;
        }
    }
    head
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_get_everything_while_one_never_reads_and_then_it_reads_all() {
    let server = bongsu().serve().await;
    let access = server.access();
    let members = access.members(&["alice", "bob", "carol"]).await;
    let [alice, bob, carol] = members.as_slice() else { unreachable!() };
    carol.ack_all().await;
    let room = alice.room();

    // Carol's other self: the same device, a new session that does not read a byte after hello.
    let options = carol.resume_options(&access).never_reading();
    let carol = TestClient::connect_with(access.clone(), "carol", options).await.unwrap();
    assert!(carol.hello().resumed);

    let head = send_many(alice, MESSAGES).await;
    bob.until_seen(room, head).await;
    bob.assert_equals_fresh().await;

    // Now she reads: everything, in order, nothing twice.
    carol.connection().set_reading(Reading::On);
    let mut seen = Vec::new();
    let mut lagged = false;
    within("carol to read all", async {
        while seen.last() != Some(&head) {
            match carol.connection().next_event().await.unwrap() {
                Event::MessageNew(new) => seen.push(new.message.seq),
                Event::Lagging(_) => lagged = true,
                Event::RoomReset(reset) => {
                    panic!("a backlog of a live session is paged, not reset: {reset:?}")
                }
                _ => {}
            }
        }
    })
    .await;
    assert!(lagged, "a session whose queue was full is told so");
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0].next()), "holes or disorder");
    assert_eq!(seen.len() as u64, MESSAGES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_behind_a_thin_link_gets_everything_in_order() {
    let server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let proxy = FaultProxy::before(server.url()).await;
    let mut slow = server.access().through(&proxy.url()).device("bob", "bob-slow").await;
    slow.enter(alice.room()).await;
    proxy.throttle(Some(4_000_000));
    let head = send_many(&alice, 500).await;
    slow.until_seen(alice.room(), head).await;
    slow.with_state(|state| assert!(state.faults().is_empty(), "{:?}", state.faults()));
}
