//! Two sessions of one device: the newer one takes over, and takes nothing away.

use bongsu_load::Client;
use bongsu_testkit::within;
use bongsu_types::Seq;
use bongsu_wire::Event;

use crate::bongsu;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newer_session_takes_over_and_the_older_is_closed() {
    let server = bongsu().serve().await;
    let access = server.access();
    let (alice, bob) = access.two_members().await;
    bob.ack_all().await;
    // What the device would say now; the message after it is seen, but never acked.
    let options = bob.resume_options(&access);
    alice.send("for the older").await.acked();
    bob.next_message().await;

    let (newer, hello) = Client::connect(access.endpoint(), options).await.unwrap();
    assert!(hello.resumed, "the same device, known to the server");
    assert_eq!(bob.closed().await.code, Some(4109));

    alice.send("for the newer").await.acked();
    assert_eq!(next_text(&newer).await, "for the older");
    assert_eq!(next_text(&newer).await, "for the newer");
}

async fn next_text(client: &Client) -> String {
    within("a message", async {
        loop {
            if let Event::MessageNew(new) = client.next_event().await.unwrap() {
                return new.message.text;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_devices_of_the_user_go_on() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let mut tablet = server.access().device("bob", "bob-tablet").await;
    tablet.enter(alice.room()).await;
    let phone_again = server.access().device("bob", "bob-device").await;
    assert_eq!(bob.closed().await.code, Some(4109));
    alice.send("to both").await.acked();
    assert_eq!(tablet.next_message().await.text, "to both");
    assert_eq!(phone_again.next_message().await.text, "to both");
    tablet.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_one_device_that_fight_end_with_one_and_lose_nothing() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let mut latest = bob;
    for number in 0..10 {
        let head = alice.send(&format!("{number}")).await.acked().seq;
        latest.until_seen(alice.room(), head).await;
        if number % 2 == 0 {
            latest.ack_all().await;
        }
        // The same device from the same state, while the older session is still open.
        let access = server.access();
        latest.reconnect_to(access).await;
        assert!(latest.hello().resumed);
    }
    let head = alice.send("last").await.acked().seq;
    latest.until_seen(alice.room(), head).await;
    latest.assert_equals_fresh().await;
    assert!(head > Seq(10));
}
