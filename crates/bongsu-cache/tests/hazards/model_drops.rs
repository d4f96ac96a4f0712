//! What was dropped with its whole model is gone as if it had been dropped alone.

use std::time::Duration;

use bongsu_cache::{Invalidated, Lookup};

use crate::world::{World, room};

#[tokio::test(start_paused = true)]
async fn a_dropped_model_answers_no_slow_load_in_any_process() {
    let world = World::new();
    let (one, other) = world.two_nodes_with_an_old_room().await;
    assert_eq!(one.rooms.invalidate_all().await, Invalidated::Everywhere);
    tokio::time::sleep(Duration::from_millis(1)).await;
    // Longer than the soft timeout, after which a stale value answers.
    world.source.takes(Duration::from_secs(2));
    for node in [&one, &other] {
        let Lookup::Hit { value, stale, .. } = node.read(1).await else { panic!("there is a room") };
        assert_eq!((&*value, stale), (&room("new"), false));
        assert_eq!(node.rooms.invalidate_all().await, Invalidated::Everywhere);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nor_a_load_that_fails() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "old");
    node.read(1).await;
    assert_eq!(node.rooms.invalidate_all().await, Invalidated::Everywhere);
    world.source.breaks(true);
    assert!(node.try_read(1).await.is_err());
}
