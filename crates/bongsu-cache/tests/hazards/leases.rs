//! The lease over entries that are there and are not believed: dropped with their model, or of a run that is over.

use std::time::Duration;

use bongsu_cache::testing::L2Faults;
use futures_util::future::join_all;

use crate::world::{Node, World};

const IDS: u64 = 20;

/// Processes over a tier that is slow, so that much can happen between two of its answers; and entries of the model that
/// were all dropped, but are still there.
async fn four_nodes_with_dropped_entries(world: &World) -> Vec<Node> {
    for id in 0..IDS {
        world.source.set(id, "lobby");
    }
    world.source.takes(Duration::from_millis(100));
    let nodes = join_all((0..4).map(|_| world.node())).await;
    nodes[0].hears_all_others().await;
    nodes[0].titles(&(0..IDS).collect::<Vec<_>>()).await;
    assert_eq!(world.source.loads(), 1);
    let _dropped = nodes[0].rooms.invalidate_all().await;
    nodes[0].has_worked_off_its_queue().await;
    assert_eq!(world.l2.len(), IDS as usize, "what is not believed is still there");
    for node in &nodes {
        node.l2.set(L2Faults { delayed: 1000, delay: Duration::from_millis(20), ..L2Faults::default() });
    }
    nodes
}

#[tokio::test(start_paused = true)]
async fn a_dropped_entry_is_loaded_once_by_four_processes() {
    let world = World::new();
    let nodes = four_nodes_with_dropped_entries(&world).await;
    for id in 0..IDS {
        let titles = join_all((0..100).map(|reader| nodes[reader % 4].title(id))).await;
        assert!(titles.iter().all(|title| title.as_deref() == Some("lobby")));
        assert_eq!(world.source.loads() as u64, 1 + id + 1, "one load for each stampede");
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_entries_are_loaded_once_by_batches_of_four_processes() {
    let world = World::new();
    let nodes = four_nodes_with_dropped_entries(&world).await;
    for id in 0..IDS {
        let batches = join_all(nodes.iter().map(|node| node.titles(std::slice::from_ref(&id)))).await;
        assert!(batches.iter().all(|titles| titles.len() == 1));
        assert_eq!(world.source.loads() as u64, 1 + id + 1, "one load for each stampede");
    }
}
