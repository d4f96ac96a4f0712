//! Two deployed versions of one type side by side.

use std::sync::Arc;
use std::time::Duration;

use bongsu_cache::contract::Key;
use bongsu_cache::{CacheHub, CacheSchema, Cached, HubBuilder, Invalidated};
use serde::{Deserialize, Serialize};

use crate::world::{Broken, Node, PREFIX, Room, World, room};

mod next {
    use super::{CacheSchema, Deserialize, Serialize};

    /// The room of the next deployment.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
    #[cache(model = "room", id = u64)]
    pub(crate) struct Room {
        pub(crate) title: String,
        pub(crate) members: u32,
    }
}

fn builder(world: &World) -> HubBuilder {
    CacheHub::builder(PREFIX).l2(world.l2.clone()).backplane(world.backplane.clone())
}

async fn new_title(cache: &bongsu_cache::Cache<next::Room>, world: &World) -> String {
    let source = world.source.clone();
    let load = move || async move {
        let Some(room) = source.load(1).await?.into_value() else { return Ok(None) };
        Ok::<_, Broken>(Some(next::Room { title: room.title, members: 1 }))
    };
    let room: Arc<next::Room> = cache.get_or_load(&1, load).await.unwrap().unwrap();
    room.title.clone()
}

#[tokio::test(start_paused = true)]
async fn neither_reads_the_others_entries_and_each_drops_both() {
    let world = World::new();
    let old = world.node().await;
    let hub = builder(&world).schema_notice(Duration::ZERO).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(5)).await);
    old.hears_all_others().await;
    world.source.set(1, "first");
    assert_eq!(old.title(1).await.as_deref(), Some("first"));
    assert_eq!(new_title(&new, &world).await, "first");
    assert_eq!((world.source.loads(), world.l2.len()), (2, 2), "one load for each version");

    world.source.set(1, "second");
    assert_eq!(old.rooms.invalidate(&1).await, Invalidated::Everywhere);
    assert!(world.l2.is_empty(), "the old version drops the new one's entry too");
    tokio::task::yield_now().await;
    assert_eq!(new_title(&new, &world).await, "second");
    assert_eq!(old.title(1).await.as_deref(), Some("second"));

    world.source.set(1, "third");
    assert_eq!(new.invalidate(&1).await, Invalidated::Everywhere);
    assert!(world.l2.is_empty(), "and the other way round");
    tokio::task::yield_now().await;
    assert_eq!(old.title(1).await.as_deref(), Some("third"));
    assert_eq!(new_title(&new, &world).await, "third");

    let version = world.source.set(1, "fourth");
    let commit = async { Ok::<_, Broken>(((), version, Some(room("fourth")))) };
    assert_eq!(old.rooms.write_through(&1, commit).await.unwrap().reached, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert_eq!(new_title(&new, &world).await, "fourth");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_filled_before_the_others_know_of_the_schema() {
    let world = World::new();
    let notice = Duration::from_secs(10);
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    world.source.set(1, "lobby");
    assert_eq!(new_title(&new, &world).await, "lobby");
    assert!(world.l2.is_empty(), "answered, and not kept for others");
    assert!(!hub.settled(notice / 2).await);
    assert!(hub.settled(notice).await);
    assert_eq!(new.invalidate(&1).await, Invalidated::Everywhere);
    assert_eq!(new_title(&new, &world).await, "lobby");
    assert_eq!(world.l2.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_came_during_an_outage_is_dropped_after_it() {
    let world = World::new();
    let notice = Duration::from_secs(2);
    let old = world.node_with(|hub| hub.schema_notice(notice).pending_age_max(Duration::from_secs(5))).await;
    let region = |schema| Key::entry(PREFIX, schema, Room::MODEL, "1").region();
    assert_ne!(region(Room::SCHEMA), region(next::Room::SCHEMA), "or the test shows nothing");
    // Now the old version has a list of schemas, which grows old while it cannot ask.
    assert_eq!(old.rooms.invalidate(&1).await, Invalidated::Everywhere);
    old.l2.cut();
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(5)).await);
    old.hears_all_others().await;
    world.source.set(1, "first");
    assert_eq!(new_title(&new, &world).await, "first");
    assert_eq!(world.l2.len(), 1);

    world.source.set(1, "second");
    assert_eq!(old.rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    tokio::time::sleep(Duration::from_secs(10)).await;
    old.l2.heal();
    while old.hub.pending_invalidations() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(new_title(&new, &world).await, "second");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_versions_that_was_lost_is_not_believed_by_who_has_no_memory_of_it() {
    let world = World::new();
    let notice = Duration::from_secs(2);
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(5)).await);
    world.source.set(1, "first");
    assert_eq!(new_title(&new, &world).await, "first");
    hub.shutdown().await;
    // Only the entry is left of that version, and nobody says so any more.
    world.l2.forget_schemas();
    let old = world.node_with(|hub| hub.schema_notice(notice)).await;
    world.source.set(1, "second");
    assert_eq!(old.rooms.invalidate(&1).await, Invalidated::Everywhere);

    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(5)).await);
    assert_eq!(new_title(&new, &world).await, "second");
}

#[tokio::test(start_paused = true)]
async fn before_it_is_known_which_versions_there_are_an_invalidation_is_queued() {
    let world = World::new();
    let notice = Duration::from_secs(2);
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    assert!(hub.settled(Duration::from_secs(5)).await);
    world.source.set(1, "first");
    assert_eq!(new_title(&new, &world).await, "first");
    world.l2.forget_schemas();
    drop((hub, new));
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let rooms = hub.cache::<Room>().unwrap();
    world.source.set(1, "second");
    assert_eq!(rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    assert!(hub.settled(Duration::from_secs(5)).await);
    while hub.pending_invalidations() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(rooms.invalidate(&1).await, Invalidated::Everywhere);
}

#[tokio::test(start_paused = true)]
async fn who_remembers_the_versions_needs_no_list() {
    let world = World::new();
    let notice = Duration::from_secs(10);
    let old = builder(&world).schema_notice(notice).build().unwrap();
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let (old_rooms, new) = (old.cache::<Room>().unwrap(), hub.cache::<next::Room>().unwrap());
    assert!(old.settled(2 * notice).await && hub.settled(2 * notice).await);
    tokio::time::sleep(notice).await;
    for id in [1, 2] {
        world.source.set(id, "first");
    }
    assert_eq!(new_title(&new, &world).await, "first");
    hub.shutdown().await;
    world.l2.forget_schemas();
    tokio::time::sleep(2 * notice).await;
    assert_eq!(world.l2.len(), 1);
    assert_eq!(old_rooms.invalidate(&1).await, Invalidated::Everywhere);
    assert!(world.l2.is_empty(), "the entry of the version that has gone from the list too");
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_lost_during_its_notice_begins_it_again() {
    let world = World::new();
    let notice = Duration::from_secs(10);
    let hub = builder(&world).schema_notice(notice).build().unwrap();
    let _rooms = hub.cache::<Room>().unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    world.l2.forget_schemas();
    let lost = tokio::time::Instant::now();
    assert!(hub.settled(3 * notice).await);
    assert!(lost.elapsed() >= notice, "{:?}", lost.elapsed());
}

/// A process that reads the list of versions anew for nearly everything.
async fn node_that_asks(world: &World) -> Node {
    world.node_with(|hub| hub.schema_notice(NOTICE).pending_age_max(Duration::from_secs(5))).await
}

const NOTICE: Duration = Duration::from_secs(4);

#[tokio::test(start_paused = true)]
async fn deletes_go_on_while_the_list_of_versions_is_out_of_reach() {
    let world = World::new();
    let (one, other) = (node_that_asks(&world).await, node_that_asks(&world).await);
    one.hears_all_others().await;
    for id in [1, 2] {
        world.source.set(id, "old");
        other.read(id).await;
    }
    one.l2.cut_schemas();
    other.l2.cut_schemas();
    tokio::time::sleep(NOTICE).await;
    world.source.set(1, "new");
    assert_eq!(one.rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    tokio::task::yield_now().await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"), "deleted and told");

    let loads = world.source.loads();
    tokio::time::sleep(Duration::from_secs(20)).await;
    other.read(2).await;
    assert_eq!(world.source.loads(), loads, "what waits for the list costs no other entry its generation");
    one.l2.heal();
    other.l2.heal();
    one.has_worked_off_its_queue().await;
    let fresh = node_that_asks(&world).await;
    fresh.read(2).await;
    assert_eq!(world.source.loads(), loads, "nor does its end");
    assert_eq!(fresh.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_window_waits_for_the_list_of_versions_and_costs_other_entries_nothing() {
    let world = World::new();
    let (one, other) = (node_that_asks(&world).await, node_that_asks(&world).await);
    one.hears_all_others().await;
    for id in 1..=9 {
        world.source.set(id, "old");
        other.read(id).await;
    }
    one.l2.cut_schemas();
    tokio::time::sleep(NOTICE).await;
    let version = world.source.set(1, "new");
    world.source.set(2, "new");
    let applying = tokio::spawn({
        let one = one.clone();
        async move {
            let written = one.rooms.written(&1, version, Some(&room("new"))).unwrap();
            one.hub.applier().apply(&[written, one.rooms.dropped(&2)]).await
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    for id in [1, 2] {
        assert_eq!(other.title(id).await.as_deref(), Some("new"), "dropped and told");
    }
    let loads = world.source.loads();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(!applying.is_finished());
    for id in 1..=9 {
        other.read(id).await;
    }
    let fresh = node_that_asks(&world).await;
    assert_eq!(fresh.title(2).await.as_deref(), Some("new"), "what was filled since stays");
    assert_eq!(world.source.loads(), loads, "no generation is renewed");
    one.l2.heal();
    let applied = applying.await.unwrap();
    assert_eq!((applied.changes, applied.by_renewal), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_queued_delete_is_told_though_it_waits_for_the_list_of_versions() {
    let world = World::new();
    let (one, other) = (node_that_asks(&world).await, node_that_asks(&world).await);
    one.hears_all_others().await;
    world.source.set(1, "old");
    other.read(1).await;
    // The list and the entry are out of reach, and then only the list.
    one.l2.cut();
    tokio::time::sleep(NOTICE).await;
    world.source.set(1, "new");
    assert_eq!(one.rooms.invalidate(&1).await, Invalidated::QueuedForRetry { pending: 1 });
    assert_eq!(other.title(1).await.as_deref(), Some("old"), "it has not heard");
    one.l2.cut_schemas();
    one.l2.reach_keys_again();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(one.hub.pending_invalidations(), 1, "there may be other versions");
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
    // What is filled since is not deleted again and again.
    let loads = world.source.loads();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let fresh = node_that_asks(&world).await;
    assert_eq!(fresh.title(1).await.as_deref(), Some("new"));
    assert_eq!(world.source.loads(), loads);
}

#[tokio::test(start_paused = true)]
async fn more_than_fits_into_the_queue_waits_for_the_list_of_versions_too() {
    let world = World::new();
    let other = node_that_asks(&world).await;
    let one = world.node_with(|hub| hub.schema_notice(NOTICE).pending_max(10)).await;
    one.hears_all_others().await;
    let ids: Vec<u64> = (0..100).collect();
    for id in &ids {
        world.source.set(*id, "old");
    }
    other.titles(&ids).await;
    one.l2.cut_schemas();
    tokio::time::sleep(NOTICE).await;
    let (changed, untouched) = ids.split_at(50);
    for id in changed {
        world.source.set(*id, "new");
    }
    let reached = one.rooms.invalidate_many(changed).await;
    assert_eq!(reached, Invalidated::QueuedForRetry { pending: 10 + 1 }, "and one renewal of all");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let loads = world.source.loads();
    other.titles(untouched).await;
    assert_eq!(world.source.loads(), loads, "those of others are left in peace");
    assert!(other.titles(changed).await.values().all(|title| title == "new"));
    one.l2.heal();
    one.has_worked_off_its_queue().await;
    assert!(other.titles(&ids).await.len() == ids.len());
    assert!(world.source.loads() > loads + 1, "now all generations are renewed");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_queue_ends_in_every_version_that_is_known() {
    let world = World::new();
    let old = world.node_with(|hub| hub.schema_notice(NOTICE).pending_max(1)).await;
    let hub = builder(&world).schema_notice(NOTICE).build().unwrap();
    let new = hub.cache::<next::Room>().unwrap();
    assert!(hub.settled(2 * NOTICE).await);
    old.hears_all_others().await;
    let region = |schema| Key::entry(PREFIX, schema, Room::MODEL, "1").region();
    assert_ne!(region(Room::SCHEMA), region(next::Room::SCHEMA), "or the test shows nothing");
    world.source.set(1, "old");
    assert_eq!(new_title(&new, &world).await, "old");
    old.l2.cut();
    tokio::time::sleep(NOTICE).await;
    world.source.set(1, "new");
    // There is room for the first one only.
    for id in [2, 1] {
        assert!(matches!(old.rooms.invalidate(&id).await, Invalidated::QueuedForRetry { .. }));
    }
    old.l2.cut_schemas();
    old.l2.reach_keys_again();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(new_title(&new, &world).await, "new");
}
