//! Everybody loses the connection at once and comes back at once: nobody misses a record.

use bongsu_testkit::{FaultProxy, TestClient, user_id, within};
use tokio::task::JoinSet;

use crate::bongsu;

const ROOMS: usize = 3;
const MEMBERS: usize = 40;
const STORMS: usize = 3;
const MESSAGES: usize = 20;

async fn storm(clients: Vec<TestClient>) -> Vec<TestClient> {
    let mut coming = JoinSet::new();
    for mut client in clients {
        coming.spawn(async move {
            client.reconnect().await;
            client
        });
    }
    within("everybody to be back", coming.join_all()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_misses_a_record_when_all_connections_are_cut_at_once() {
    let server = bongsu().serve().await;
    let proxy = FaultProxy::before(server.url()).await;
    let direct = server.access();
    let through_proxy = direct.through(&proxy.url());
    let mut speakers = Vec::new();
    let mut clients = Vec::new();
    for room in 0..ROOMS {
        let mut speaker = direct.client(&format!("speaker{room}")).await;
        let users: Vec<String> = (0..MEMBERS).map(|member| format!("user{room}-{member}")).collect();
        let id = speaker.create_group("a room", users.iter().map(|user| user_id(user)).collect()).await;
        speaker.enter(id).await;
        for user in &users {
            let mut client = through_proxy.client(user).await;
            client.enter(id).await;
            clients.push(client);
        }
        speakers.push(speaker);
    }
    for number in 0..STORMS {
        proxy.cut();
        let (back, ()) = tokio::join!(storm(clients), async {
            for message in 0..MESSAGES {
                for speaker in &speakers {
                    speaker.send(&format!("{message} of storm {number}")).await.acked();
                }
            }
        });
        clients = back;
    }
    for client in &clients {
        client.assert_equals_fresh().await;
    }
    for speaker in &speakers {
        speaker.assert_equals_fresh().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drains_tells_its_clients_when_to_come_back_and_they_miss_nothing() {
    let mut server = bongsu().serve().await;
    let (mut alice, mut bob) = server.access().two_members().await;
    alice.send("before").await.acked();
    bob.next_message().await;
    server.terminate().await;
    bob.next_of("session.draining", |event| match event {
        bongsu_wire::Event::Draining(draining) => Some(draining.reconnect_after_ms),
        _ => None,
    })
    .await;
    assert_eq!(bob.closed().await.code, Some(4001));
    assert!(server.ended().await.success());
    server.restart().await;
    alice.reconnect_to(server.access()).await;
    alice.send("after").await.acked();
    bob.reconnect_to(server.access()).await;
    assert!(bob.hello().resumed);
    assert_eq!(bob.next_message().await.text, "after");
    bob.assert_equals_fresh().await;
}
