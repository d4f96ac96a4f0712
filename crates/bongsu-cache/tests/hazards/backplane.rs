//! No lost invalidation goes unnoticed: what was lost on a channel drops that channel's part, and no other.

use std::time::Duration;

use bongsu_cache::contract::{Backplane, CHANNELS, Channel};
use bongsu_cache::memory::MemoryBackplane;
use bongsu_cache::testing::BackplaneFaults;
use bongsu_cache::{Invalidated, Lookup, Tier};

use crate::world::{Node, World};

const ROOMS: u64 = 200;

/// Both have all rooms in their process tiers.
async fn warm(world: &World) -> (Node, Node) {
    let (one, other) = world.two_nodes().await;
    for id in 0..ROOMS {
        world.source.set(id, "old");
        one.read(id).await;
        other.read(id).await;
    }
    (one, other)
}

/// How many rooms are answered from the process tier.
async fn answered_here(node: &Node) -> u64 {
    let mut here = 0;
    for id in 0..ROOMS {
        if matches!(node.rooms.get(&id).await, Lookup::Hit { tier: Tier::L1, .. }) {
            here += 1;
        }
    }
    here
}

async fn change(world: &World, node: &Node, id: u64) {
    world.source.set(id, "new");
    assert_eq!(node.rooms.invalidate(&id).await, Invalidated::Everywhere);
}

#[tokio::test(start_paused = true)]
async fn a_lost_frame_is_found_by_the_gap_and_drops_its_channel_only() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    assert_eq!(answered_here(&other).await, ROOMS);
    // What other does not hear between two heartbeats: the frame that drops room 7, on all channels.
    for channel in Channel::all() {
        other.backplane.deafen(channel);
    }
    change(&world, &one, 7).await;
    for channel in Channel::all() {
        other.backplane.hear(channel);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    let left = answered_here(&other).await;
    assert!(left < ROOMS, "the channel of room 7 was dropped");
    assert!(left > ROOMS / 2, "the other channels were not: {left}");
    assert_eq!(other.title(7).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_deaf_subscription_is_noticed_by_the_missing_heartbeat() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    for channel in Channel::all() {
        other.backplane.deafen(channel);
    }
    change(&world, &one, 7).await;
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(answered_here(&other).await, 0, "it asks the shared tier instead");
    assert_eq!(other.title(7).await.as_deref(), Some("new"));
    for channel in Channel::all() {
        other.backplane.hear(channel);
    }
    tokio::time::sleep(Duration::from_millis(1100)).await;
    answered_here(&other).await;
    assert_eq!(answered_here(&other).await, ROOMS, "and answers again");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_channel_drops_its_part_and_recovers() {
    let world = World::new();
    let (_one, other) = warm(&world).await;
    let channel = Channel::new(3).unwrap();
    world.backplane.interrupt(channel);
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let left = answered_here(&other).await;
    assert!(left < ROOMS && left > ROOMS / 2, "one channel of {CHANNELS}: {left}");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    answered_here(&other).await;
    assert_eq!(answered_here(&other).await, ROOMS);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_falls_silent_casts_doubt_on_what_it_may_have_said() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    // It deletes, cannot say so, and is killed.
    one.backplane.set(BackplaneFaults { refused: 1000, ..BackplaneFaults::default() });
    world.source.set(7, "new");
    assert_eq!(one.rooms.invalidate(&7).await, Invalidated::LocalAndL2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(other.title(7).await.as_deref(), Some("new"));
    answered_here(&other).await;
    assert_eq!(answered_here(&other).await, ROOMS, "said once, then the dead are forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_dropped_says_goodbye_too() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    drop(one);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(answered_here(&other).await, ROOMS);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_says_goodbye_casts_no_doubt() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    one.hub.clone().shutdown().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(answered_here(&other).await, ROOMS);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_slow_is_told_what_it_lost() {
    let backplane = MemoryBackplane::with_queue(4);
    let mut slow = backplane.subscribe();
    let (one, two) = (Channel::new(0).unwrap(), Channel::new(1).unwrap());
    for _ in 0..100 {
        backplane.publish(one, bytes::Bytes::from_static(b"frame")).await.unwrap();
    }
    let mut events = Vec::new();
    while let Ok(event) = slow.try_recv() {
        events.push(event);
    }
    assert_eq!(events.last(), Some(&bongsu_cache::contract::BackplaneEvent::Lost(one)));
    assert!(!events.contains(&bongsu_cache::contract::BackplaneEvent::Lost(two)));
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_overflows_the_queue_leaves_no_old_value() {
    let mut world = World::new();
    world.backplane = MemoryBackplane::with_queue(32);
    let (one, other) = warm(&world).await;
    for id in 0..ROOMS {
        world.source.set(id, "new");
    }
    let ids: Vec<u64> = (0..ROOMS).collect();
    assert_eq!(one.rooms.invalidate_many(&ids).await, Invalidated::Everywhere);
    tokio::time::sleep(Duration::from_secs(2)).await;
    for id in 0..ROOMS {
        assert_eq!(other.title(id).await.as_deref(), Some("new"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_publication_makes_the_others_drop_that_channel() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    let faults = |refused| BackplaneFaults { refused, ..BackplaneFaults::default() };
    one.backplane.set(faults(1000));
    world.source.set(7, "new");
    assert_eq!(one.rooms.invalidate(&7).await, Invalidated::LocalAndL2);
    one.backplane.set(faults(0));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(other.title(7).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_read_casts_doubt_on_its_channel() {
    let world = World::new();
    let (_one, other) = warm(&world).await;
    let channel = Channel::new(5).unwrap();
    world.backplane.publish(channel, bytes::Bytes::from_static(b"of a later version")).await.unwrap();
    tokio::task::yield_now().await;
    let left = answered_here(&other).await;
    assert!(left < ROOMS && left > ROOMS / 2, "{left}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_on_its_channel_is_said_on_another() {
    let world = World::new();
    let (one, other) = warm(&world).await;
    let unreachable: Vec<Channel> = Channel::all().filter(|channel| channel.index() % 3 != 0).collect();
    unreachable.iter().for_each(|channel| one.backplane.mute(*channel));
    // Long enough that nobody waits for a word of this process on those channels any more.
    tokio::time::sleep(Duration::from_secs(5)).await;
    for id in 0..ROOMS {
        other.read(id).await;
    }
    assert_eq!(answered_here(&other).await, ROOMS);
    let ids: Vec<u64> = (0..ROOMS).collect();
    for id in &ids {
        world.source.set(*id, "new");
    }
    assert_eq!(one.rooms.invalidate_many(&ids).await, Invalidated::LocalAndL2, "not said where it belongs");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for id in 0..ROOMS {
        assert_eq!(other.title(id).await.as_deref(), Some("new"), "room {id}");
    }
}
