//! Early refresh: before an entry ends for all, one reader of one process loads it anew.

use std::time::Duration;

use bongsu_cache::{Lookup, Tier};

use crate::world::{Node, World};

const TTL: Duration = Duration::from_secs(60);

async fn near_the_end(world: &World) -> (Node, Node) {
    let (one, other) = world.two_nodes().await;
    let (one, other) = (long(&one), long(&other));
    world.source.takes(Duration::from_millis(100));
    world.source.set(1, "old");
    assert_eq!(one.title(1).await.as_deref(), Some("old"));
    assert_eq!(other.title(1).await.as_deref(), Some("old"));
    tokio::time::sleep(TTL - Duration::from_millis(50)).await;
    (one, other)
}

fn long(node: &Node) -> Node {
    node.with(|options| options.with_ttl(TTL).with_l1_ttl(TTL).with_jitter_percent(0))
}

#[tokio::test(start_paused = true)]
async fn an_entry_near_its_end_is_refreshed_in_the_background_by_one_process() {
    let world = World::new();
    let (one, other) = near_the_end(&world).await;
    world.source.set(1, "new");
    world.source.close_door();
    while world.source.loads() == 1 {
        for node in [&one, &other] {
            let answer = node.read(1).await;
            assert!(matches!(answer, Lookup::Hit { tier: Tier::L1, stale: false, .. }), "a hit all the same");
        }
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        one.read(1).await;
        other.read(1).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(world.source.loads(), 2, "one refresh, although many were due");
    world.source.open_door();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(one.title(1).await.as_deref(), Some("new"));
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
    assert_eq!(world.source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_entry_far_from_its_end_is_left_alone() {
    let world = World::new();
    let node = long(&world.node().await);
    world.source.set(1, "lobby");
    for _ in 0..1000 {
        node.read(1).await;
    }
    tokio::task::yield_now().await;
    assert_eq!(world.source.loads(), 1);
}
