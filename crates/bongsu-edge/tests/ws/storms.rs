//! Clients that come and go while others talk: whatever they ack, nothing is lost and nothing is out of order.

use bongsu_cluster::fault::Faults;
use serde_json::json;

use crate::client::{group, message};
use crate::node::{Node, Setup};

/// Chooses by a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Reads the room to `last`, dropping and reopening the connection again and again. Returns the records as a client
/// keeps them: what it has seen before is dropped.
async fn read_restlessly(node: &Node, user: &str, room: &str, last: u64, mut random: Random) -> Vec<u64> {
    let mut kept: Vec<u64> = Vec::new();
    while kept.last() != Some(&last) {
        let mut client = node.connect().await;
        let seen = kept.last().copied().unwrap_or(0);
        let cursors = if seen > 0 { json!({ room: seen }) } else { json!({}) };
        let hello = json!({ "cursors": cursors });
        client.hello_with(&node.token(user), &format!("{user}-phone"), hello).await;
        let patience = 1 + random.below(40);
        for _ in 0..patience {
            let event = client.find(|object| object["params"]["seq"].is_u64()).await;
            let seq = event["params"]["seq"].as_u64().unwrap();
            if seq > kept.last().copied().unwrap_or(0) {
                kept.push(seq);
            }
            if seq == last {
                break;
            }
        }
        match random.below(3) {
            0 => client.close_hard(),
            1 => client.close().await,
            _ => {
                let acked = random.below(kept.last().copied().unwrap_or(0) + 1);
                client.notify("session.ack", json!({ "rooms": { room: acked } })).await;
                client.close().await;
            }
        }
    }
    kept
}

async fn a_storm(faults: Option<(Faults, u64)>, seed: u64) {
    let setup = Setup::new().limits(|limits| limits.send_queue_bytes = 8 * 1024);
    let setup = match faults {
        Some((faults, seed)) => setup.faults(faults, seed),
        None => setup,
    };
    let node = std::sync::Arc::new(setup.start().await);
    let mut alice = node.session("alice").await;
    // Their devices are known before the room is: each starts with its first record.
    for user in ["bob", "carol", "dave"] {
        node.session(user).await.close().await;
    }
    let room = group(&mut alice, &["bob", "carol", "dave"]).await;
    let last = 401;
    let readers = ["bob", "carol", "dave"].into_iter().zip(1..).map(|(user, number)| {
        let (node, room) = (node.clone(), room.clone());
        let random = Random(seed * 10 + number);
        tokio::spawn(async move { read_restlessly(&node, user, &room, last, random).await })
    });
    let readers: Vec<_> = readers.collect();
    for at in 1..last {
        alice.call("message.send", message(&room, &format!("{at}"))).await;
    }
    for reader in readers {
        assert_eq!(reader.await.unwrap(), (1..=last).collect::<Vec<u64>>(), "seed {seed}");
    }
}

#[tokio::test]
async fn clients_that_come_and_go_miss_nothing() {
    for seed in 1..=3 {
        a_storm(None, seed).await;
    }
}

#[tokio::test]
async fn clients_that_come_and_go_miss_nothing_over_a_faulty_bus() {
    let faults = Faults { drop_percent: 10, duplicate_percent: 10, reorder_percent: 10 };
    for seed in 1..=3 {
        a_storm(Some((faults, seed)), seed).await;
    }
}

#[tokio::test]
async fn members_who_are_removed_and_added_again_see_their_memberships_and_no_more() {
    let faults = Faults { drop_percent: 10, duplicate_percent: 10, reorder_percent: 10 };
    for seed in 1..=3 {
        let node = Setup::new().faults(faults, seed).start().await;
        let mut alice = node.session("alice").await;
        let mut bob = node.session("bob").await;
        let room = group(&mut alice, &["bob"]).await;
        let mut expected = vec![1];
        let (mut is_member, mut joined) = (true, 1);
        let mut random = Random(seed);
        for at in 0..150 {
            let users = json!({ "room": room, "users": ["bob"] });
            let toggles = random.below(10) == 0;
            let seq = match (toggles, is_member) {
                (false, _) => {
                    alice.call("message.send", message(&room, &format!("{at}"))).await["seq"].clone()
                }
                (true, true) => alice.call("room.remove_members", users).await["seq"].clone(),
                (true, false) => alice.call("room.add_members", users).await["seq"].clone(),
            };
            if is_member || toggles {
                expected.push(seq.as_u64().unwrap());
            }
            is_member ^= toggles;
            if toggles && is_member {
                joined = seq.as_u64().unwrap();
            }
        }
        if !is_member {
            let users = json!({ "room": room, "users": ["bob"] });
            joined = alice.call("room.add_members", users).await["seq"].as_u64().unwrap();
            expected.push(joined);
        }
        let last = alice.say(&room, "the end").await;
        expected.push(last);
        let seen = bob.seqs_until(&room, last).await;
        assert!(seen.iter().all(|seq| expected.contains(seq)), "seed {seed}: {seen:?} of {expected:?}");
        // Of a membership that is over, what was late may be left out; of the one that lasts, nothing.
        let lasting: Vec<u64> = expected.into_iter().filter(|seq| *seq >= joined).collect();
        assert!(lasting.iter().all(|seq| seen.contains(seq)), "seed {seed}: {lasting:?} not in {seen:?}");
    }
}
