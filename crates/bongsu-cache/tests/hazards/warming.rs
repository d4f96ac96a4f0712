//! A warming brings no value back that was invalidated while it waited for its turn.

use std::time::Duration;

use bongsu_cache::testing::L2Faults;
use bongsu_cache::{Invalidated, Version, WarmOptions, Warming};
use futures_util::stream;

use crate::world::{Node, World, room};

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_before_its_turn_is_skipped() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let rows: Vec<_> = (1..=2).map(|id| (id, world.source.set(id, "old"), room("old"))).collect();
    let warming = one.rooms.warm(stream::iter(rows), WarmOptions::new().with_pace(1, 1));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(warming.progress().stored, 1, "room 2 waits");
    world.source.set(2, "new");
    assert_eq!(other.rooms.invalidate(&2).await, Invalidated::Everywhere);
    let progress = warming.complete().await;
    assert_eq!((progress.stored, progress.skipped, progress.tried()), (1, 1, 2));
    assert_eq!(one.title(2).await.as_deref(), Some("new"));
    assert_eq!(other.title(2).await.as_deref(), Some("new"));
}

/// Room 1 changes after the warming has read it and before its put arrives.
async fn warming_of_a_room_that_changes(world: &World, one: &Node, other: &Node) -> Warming {
    let version: Version = world.source.set(1, "old");
    let delay = Duration::from_millis(50);
    one.l2.set(L2Faults { delayed: 1000, delay, ..L2Faults::default() });
    let warming = one.rooms.warm(stream::iter([(1, version, room("old"))]), WarmOptions::new());
    // The tier is asked for the epoch and answers slowly; the put comes after that.
    tokio::time::sleep(Duration::from_millis(1)).await;
    world.source.set(1, "new");
    assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
    warming
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_while_it_is_put_is_deleted_again() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let warming = warming_of_a_room_that_changes(&world, &one, &other).await;
    let progress = warming.complete().await;
    assert_eq!((progress.stored, progress.skipped), (0, 1));
    assert!(world.l2.is_empty());
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_warming_that_is_given_up_in_the_middle_of_a_put_takes_it_back() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let warming = warming_of_a_room_that_changes(&world, &one, &other).await;
    while world.l2.is_empty() {
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    drop(warming);
    one.l2.set(L2Faults::default());
    one.has_worked_off_its_queue().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.l2.is_empty(), "the old value is not left behind");
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}
