//! A value that is put after a newer delete is taken back, also when the word of that delete was lost, was about the
//! whole model, or comes when the process that put it has ended.

use std::time::Duration;

use bongsu_cache::Invalidated;
use bongsu_cache::contract::Channel;
use bongsu_cache::testing::{BackplaneFaults, L2Faults};
use tokio::sync::Notify;

use crate::world::{Broken, Node, World, room};

/// One commits, and before it puts its value, the other commits a newer one and deletes; one does not hear of it.
async fn write_overtaken_unheard(world: &World, one: &Node, other: &Node) -> Invalidated {
    let committed = Notify::new();
    let commit = async {
        let version = world.source.set(1, "mine");
        committed.notified().await;
        Ok::<_, Broken>(((), version, Some(room("mine"))))
    };
    let newer = async {
        world.source.set(1, "newer");
        for channel in Channel::all() {
            one.backplane.deafen(channel);
        }
        assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
        tokio::time::sleep(Duration::from_millis(1)).await;
        for channel in Channel::all() {
            one.backplane.hear(channel);
        }
        committed.notify_one();
    };
    let (written, ()) = tokio::join!(one.rooms.write_through(&1, commit), newer);
    written.unwrap().reached
}

#[tokio::test(start_paused = true)]
async fn when_the_gap_shows_that_it_was_lost() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let reached = write_overtaken_unheard(&world, &one, &other).await;
    assert_eq!(reached, Invalidated::Everywhere, "nothing is known of the loss yet");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn when_the_channel_is_lost() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let reached = write_overtaken_unheard(&world, &one, &other).await;
    assert_eq!(reached, Invalidated::Everywhere);
    Channel::all().for_each(|channel| world.backplane.interrupt(channel));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn when_the_channel_is_lost_before_the_put() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    // The tier is asked for the epoch and answers slowly; the put comes after that.
    one.l2.set(L2Faults { delayed: 1000, delay: Duration::from_millis(50), ..L2Faults::default() });
    let interrupted = async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        Channel::all().for_each(|channel| world.backplane.interrupt(channel));
    };
    let (reached, ()) = tokio::join!(write_overtaken_unheard(&world, &one, &other), interrupted);
    assert!(!matches!(reached, Invalidated::QueuedForRetry { .. }));
    assert!(world.l2.is_empty(), "deleted before the write returned");
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn when_the_whole_model_was_dropped() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let delay = Duration::from_millis(200);
    one.backplane.set(BackplaneFaults { delayed: 1000, delay, ..BackplaneFaults::default() });
    let dropped = Notify::new();
    let commit = async {
        let version = world.source.set(1, "mine");
        dropped.notified().await;
        Ok::<_, Broken>(((), version, Some(room("mine"))))
    };
    let newer = async {
        world.source.set(1, "newer");
        // The put comes under the new generation, and before the word.
        assert_eq!(other.rooms.invalidate_all().await, Invalidated::Everywhere);
        dropped.notify_one();
    };
    let (written, ()) = tokio::join!(one.rooms.write_through(&1, commit), newer);
    assert!(written.is_ok());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn when_the_process_ends_before_it_can_hear_of_it() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let reached = write_overtaken_unheard(&world, &one, &other).await;
    assert_eq!(reached, Invalidated::Everywhere);
    one.hub.shutdown().await;
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}
