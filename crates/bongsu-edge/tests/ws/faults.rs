//! A bus that drops, doubles and reorders: the log and the tail make it right.

use bongsu_cluster::fault::Faults;
use serde_json::json;

use crate::client::{Client, group, message};
use crate::node::Setup;

#[tokio::test]
async fn over_a_faulty_bus_all_records_come_in_order_and_once() {
    let faults = Faults { drop_percent: 20, duplicate_percent: 20, reorder_percent: 20 };
    for seed in 1..=3 {
        let node = Setup::new().faults(faults, seed).start().await;
        let names = ["alice", "bob", "carol"];
        let mut clients: Vec<Client> = Vec::new();
        for name in names {
            clients.push(node.session(name).await);
        }
        let room = group(&mut clients[0], &names[1..]).await;
        let last = 1 + 3 * 100;
        let talking = clients.into_iter().map(|mut client| {
            let room = room.clone();
            tokio::spawn(async move {
                for at in 0..100 {
                    client.call("message.send", message(&room, &format!("{at}"))).await;
                }
                client.seqs_until(&room, last).await
            })
        });
        for seqs in talking.collect::<Vec<_>>() {
            assert_eq!(seqs.await.unwrap(), (1..=last).collect::<Vec<u64>>(), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn with_a_bus_that_brings_nothing_the_tail_brings_everything() {
    let faults = Faults { drop_percent: 100, duplicate_percent: 0, reorder_percent: 0 };
    let node = Setup::new().faults(faults, 1).start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let joined = bob.event("room.joined").await;
    assert_eq!(joined["row"]["room"], json!(room));
    let last = alice.say(&room, "nobody is told of this").await;
    assert_eq!(bob.seqs_until(&room, last).await, [1, last]);
    alice.call("room.remove_members", json!({ "room": room, "users": ["bob"] })).await;
    alice.say(&room, "without bob").await;
    bob.event("room.removed").await;
    assert_eq!(bob.pending_seqs(&room), [3]);
}

#[tokio::test]
async fn a_takeover_and_a_removed_device_are_found_without_the_bus() {
    let faults = Faults { drop_percent: 100, duplicate_percent: 0, reorder_percent: 0 };
    let node = Setup::new().faults(faults, 1).start().await;
    let mut first = node.session("alice").await;
    let mut second = node.session("alice").await;
    assert_eq!(first.closed().await, 4109);
    let mut laptop = node.session_on("alice", "alice-laptop").await;
    laptop.call("device.remove", json!({ "device": "alice-phone" })).await;
    assert_eq!(second.closed().await, 4102);
}
