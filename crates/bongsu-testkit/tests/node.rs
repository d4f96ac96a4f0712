//! The node, its clients and its faults work together: the shortest conversation there is, and a bus that lies.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::sync::Arc;

use bongsu_cluster::fault::Faults;
use bongsu_store::memory::MemoryStore;
use bongsu_testkit::{FaultProxy, NodeOptions, TestNode};

async fn node(options: NodeOptions) -> TestNode {
    options.start(|options| Arc::new(MemoryStore::open(options))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_members_talk() {
    let node = node(NodeOptions::default()).await;
    let (alice, bob) = node.access().two_members().await;
    alice.send("hi").await.acked();
    assert_eq!(bob.next_message().await.text, "hi");
    bob.assert_equals_fresh().await;
    alice.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_resumes_without_loss() {
    let node = node(NodeOptions::default()).await;
    let (alice, mut bob) = node.access().two_members().await;
    let proxy = FaultProxy::before(&format!("http://{}", node.access().endpoint().authority())).await;
    bob.reconnect_to(node.access().through(&proxy.url())).await;
    for round in 0..5 {
        alice.send(&format!("before cut {round}")).await.acked();
        proxy.cut();
        let head = alice.send(&format!("after cut {round}")).await.acked().seq;
        bob.reconnect().await;
        bob.until_seen(alice.room(), head).await;
    }
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_loses_doubles_and_reorders_changes_nothing_for_members() {
    let faults = Faults { drop_percent: 20, duplicate_percent: 20, reorder_percent: 20 };
    let node = node(NodeOptions::default().faulty_bus(faults, 11)).await;
    let members = node.access().members(&["alice", "bob", "carol"]).await;
    let mut head = bongsu_types::Seq::ZERO;
    for number in 0..100 {
        for member in &members {
            head = member.send(&format!("{number}")).await.acked().seq;
        }
    }
    for member in &members {
        member.until_seen(members[0].room(), head).await;
        member.assert_equals_fresh().await;
    }
}
