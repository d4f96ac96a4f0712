//! An invalidation wins: over loads that are under way, in every tier and every process.

use std::time::Duration;

use bongsu_cache::{Invalidated, Lookup, Tier};

use crate::world::{Node, World, assert_all_read, key};

/// A load that has read the old row and is not done yet.
async fn loading_old(world: &World, node: &Node) -> tokio::task::JoinHandle<Option<String>> {
    world.source.set(1, "old");
    world.source.close_door();
    let reader = tokio::spawn({
        let node = node.clone();
        async move { node.title(1).await }
    });
    world.source.somebody_is_loading().await;
    world.source.set(1, "new");
    reader
}

#[tokio::test(start_paused = true)]
async fn a_value_loaded_before_an_invalidation_is_kept_in_no_tier() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let reader = loading_old(&world, &one).await;
    assert_eq!(one.rooms.invalidate(&1).await, Invalidated::Everywhere);
    world.source.open_door();
    assert_eq!(reader.await.unwrap().as_deref(), Some("old"), "it began before");
    assert!(world.l2.is_empty(), "the lease was deleted with the value");
    assert_all_read([&one, &other], "new").await;
}

#[tokio::test(start_paused = true)]
async fn the_same_when_another_process_invalidates() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let reader = loading_old(&world, &one).await;
    assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
    world.source.open_door();
    reader.await.unwrap();
    assert!(world.l2.is_empty());
    assert_eq!(one.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_reader_after_an_invalidation_does_not_join_the_load_from_before() {
    let world = World::new();
    let node = world.node().await;
    let before = loading_old(&world, &node).await;
    assert_eq!(node.rooms.invalidate(&1).await, Invalidated::Everywhere);
    let after = tokio::spawn({
        let node = node.clone();
        async move { node.title(1).await }
    });
    while world.source.loads() < 2 {
        tokio::task::yield_now().await;
    }
    world.source.open_door();
    assert_eq!(before.await.unwrap().as_deref(), Some("old"));
    assert_eq!(after.await.unwrap().as_deref(), Some("new"));
    assert_eq!(node.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_reaches_the_process_tiers_of_the_others() {
    let world = World::new();
    let (one, other) = world.two_nodes_with_an_old_room().await;
    assert_eq!(one.rooms.invalidate_many(&[1, 2, 3]).await, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert_all_read([&other, &one], "new").await;
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_goes_on_when_its_caller_goes_away() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    other.read(1).await;
    world.source.set(1, "new");
    {
        let invalidation = one.rooms.invalidate(&1);
        tokio::pin!(invalidation);
        // Polled once, then dropped.
        assert!(futures_util::poll!(&mut invalidation).is_pending());
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn all_entries_of_a_model_go_at_once() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    for id in 0..50 {
        world.source.set(id, "old");
        one.read(id).await;
        other.read(id).await;
    }
    for id in 0..50 {
        world.source.set(id, "new");
    }
    assert_eq!(one.rooms.invalidate_all().await, Invalidated::Everywhere);
    tokio::time::sleep(Duration::from_millis(1)).await;
    for id in 0..50 {
        assert_eq!(other.title(id).await.as_deref(), Some("new"));
        assert_eq!(one.title(id).await.as_deref(), Some("new"));
    }
    assert_eq!(world.source.loads(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_load_from_before_the_whole_model_was_dropped_is_not_believed_after() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let reader = loading_old(&world, &one).await;
    assert_eq!(other.rooms.invalidate_all().await, Invalidated::Everywhere);
    world.source.open_door();
    reader.await.unwrap();
    assert_all_read([&one, &other], "new").await;
}

#[tokio::test(start_paused = true)]
async fn an_unconfirmed_delete_is_not_believed_here_and_is_made_up_for_later() {
    let world = World::new();
    let (one, other) = world.two_nodes_with_an_old_room().await;
    one.l2.cut();
    assert_eq!(one.rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    assert_eq!(one.title(1).await.as_deref(), Some("new"), "from the source");
    one.l2.heal();
    one.has_worked_off_its_queue().await;
    let answer = other.read(1).await;
    assert_eq!(answer.into_value().unwrap().title, "new", "told after the delete was confirmed");
}

#[tokio::test(start_paused = true)]
async fn while_a_delete_is_not_confirmed_the_shared_tier_is_not_asked_about_it() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "old");
    node.read(1).await;
    world.source.set(1, "new");
    node.l2.cut();
    assert_eq!(node.rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    node.l2.heal();
    // The old value is still there, and in reach again before the queue is worked off.
    assert_eq!(world.l2.len(), 1);
    let answer = node.read(1).await;
    assert!(matches!(answer, Lookup::Hit { tier: Tier::Source, .. }));
    assert_eq!(answer.into_value().unwrap().title, "new");
}

#[tokio::test(start_paused = true)]
async fn too_many_unconfirmed_deletes_become_renewed_generations() {
    let world = World::new();
    let one = world.node_with(|hub| hub.pending_max(10)).await;
    let other = world.node().await;
    other.hears_all_others().await;
    for id in 0..200 {
        world.source.set(id, "old");
        other.read(id).await;
    }
    for id in 0..200 {
        world.source.set(id, "new");
    }
    one.l2.cut();
    let ids: Vec<u64> = (0..200).collect();
    let Invalidated::QueuedForRetry { pending } = one.rooms.invalidate_many(&ids).await else {
        panic!("the shared tier is out of reach")
    };
    assert!(pending <= 10 + 16 + 1, "ten entries, all regions, and the model at most: {pending}");
    one.l2.heal();
    one.has_worked_off_its_queue().await;
    for id in 0..200 {
        assert_eq!(other.title(id).await.as_deref(), Some("new"), "room {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn deletes_of_a_shard_in_trouble_do_not_hold_up_those_of_another() {
    let world = World::new();
    let node = world.node().await;
    node.l2.cut();
    let (gone, well): (Vec<u64>, Vec<u64>) = (0..5000).partition(|id| key(*id).slot() < 12_288);
    assert!(!gone.is_empty() && !well.is_empty());
    for ids in [&gone, &well] {
        assert!(matches!(node.rooms.invalidate_many(ids).await, Invalidated::QueuedForRetry { .. }));
    }
    node.l2.heal();
    node.l2.cut_slots(0..=12_287);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node.hub.pending_invalidations(), gone.len(), "all others are deleted");
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_waits_for_too_long_becomes_a_renewed_generation() {
    let world = World::new();
    let node = world.node_with(|hub| hub.pending_age_max(Duration::from_secs(5))).await;
    world.source.set(1, "old");
    node.read(1).await;
    world.source.set(1, "new");
    // The key alone: its generation can be renewed.
    node.l2.cut_slot(key(1).slot());
    assert_eq!(node.rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    tokio::time::sleep(Duration::from_secs(10)).await;
    node.l2.heal();
    node.has_worked_off_its_queue().await;
    assert_eq!(world.l2.len(), 1, "not deleted");
    let fresh = world.node().await;
    assert_eq!(fresh.title(1).await.as_deref(), Some("new"), "and not believed");
}
