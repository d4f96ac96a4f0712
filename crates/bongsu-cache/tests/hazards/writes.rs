//! Writes: the source first; by version in both tiers; and whatever goes wrong ends in an invalidation.

use std::time::Duration;

use bongsu_cache::testing::BackplaneFaults;
use bongsu_cache::{Invalidated, Lookup, Tier, Version};

use crate::world::{Broken, Node, Room, World, room};

/// Commits to the source and writes the value through.
async fn rename(world: &World, node: &Node, id: u64, title: &str) -> Invalidated {
    let source = world.source.clone();
    let commit = async move { Ok::<_, Broken>(((), source.set(id, title), Some(room(title)))) };
    node.rooms.write_through(&id, commit).await.unwrap().reached
}

#[tokio::test(start_paused = true)]
async fn a_written_value_is_in_both_tiers_and_the_others_read_it() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    one.read(1).await;
    other.read(1).await;
    assert_eq!(rename(&world, &one, 1, "new").await, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert!(matches!(one.read(1).await, Lookup::Hit { tier: Tier::L1, .. }));
    assert!(matches!(other.read(1).await, Lookup::Hit { tier: Tier::L2, .. }));
    assert_eq!(one.title(1).await.as_deref(), Some("new"));
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_creates_ends_absence_everywhere() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    assert_eq!(one.title(1).await, None);
    assert_eq!(other.title(1).await, None);
    assert_eq!(rename(&world, &one, 1, "new").await, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert_eq!(one.title(1).await.as_deref(), Some("new"));
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn an_absence_loaded_before_the_creating_write_is_not_kept() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.close_door();
    let reader = tokio::spawn({
        let other = other.clone();
        async move { other.title(1).await }
    });
    world.source.somebody_is_loading().await;
    assert_eq!(rename(&world, &one, 1, "new").await, Invalidated::Everywhere);
    world.source.open_door();
    assert_eq!(reader.await.unwrap(), None, "it began before");
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
    assert_eq!(one.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn an_older_version_never_replaces_a_newer_one() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let late = async { Ok::<_, Broken>(((), Version(1), Some(room("first")))) };
    let newer = async { Ok::<_, Broken>(((), Version(2), Some(room("second")))) };
    assert_eq!(other.rooms.write_through(&1, newer).await.unwrap().reached, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert_eq!(one.rooms.write_through(&1, late).await.unwrap().reached, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert_eq!(one.title(1).await.as_deref(), Some("second"));
    assert_eq!(other.title(1).await.as_deref(), Some("second"));
    assert_eq!(world.source.loads(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_deletes_leaves_absence() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "lobby");
    one.read(1).await;
    let delete = async { Ok::<_, Broken>(((), Version(9), None::<Room>)) };
    assert_eq!(one.rooms.write_through(&1, delete).await.unwrap().reached, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert!(matches!(one.read(1).await, Lookup::Absent { .. }));
    assert!(matches!(other.read(1).await, Lookup::Absent { .. }));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_invalidates_because_it_may_have_happened() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    one.read(1).await;
    other.read(1).await;
    world.source.set(1, "new");
    let commit = async { Err::<((), Version, Option<Room>), _>(Broken) };
    assert_eq!(one.rooms.write_through(&1, commit).await, Err(Broken));
    assert_eq!(one.title(1).await.as_deref(), Some("new"), "at once here");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"), "and soon there");
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_cancelled_invalidates() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    other.read(1).await;
    let source = world.source.clone();
    let commit = async move {
        source.set(1, "new");
        std::future::pending::<()>().await;
        Ok::<_, Broken>(((), Version(2), None::<Room>))
    };
    let write = one.rooms.write_through(&1, commit);
    assert!(tokio::time::timeout(Duration::from_millis(5), write).await.is_err());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_cannot_be_put_is_invalidated_and_the_commit_stands() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    one.read(1).await;
    other.read(1).await;
    one.l2.cut();
    assert!(matches!(rename(&world, &one, 1, "new").await, Invalidated::QueuedForRetry { .. }));
    assert_eq!(one.title(1).await.as_deref(), Some("new"));
    one.l2.heal();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_during_a_write_is_not_undone_by_it() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    one.read(1).await;
    let committed = tokio::sync::Notify::new();
    let commit = async {
        let version = world.source.set(1, "mine");
        committed.notified().await;
        Ok::<_, Broken>(((), version, Some(room("mine"))))
    };
    let newer = async {
        world.source.set(1, "newer");
        assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
        tokio::time::sleep(Duration::from_millis(1)).await;
        committed.notify_one();
    };
    let (written, ()) = tokio::join!(one.rooms.write_through(&1, commit), newer);
    assert_eq!(written.unwrap().reached, Invalidated::Everywhere);
    tokio::task::yield_now().await;
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn an_applied_window_drops_and_writes_in_all_processes() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    for id in 1..4 {
        world.source.set(id, "old");
        other.read(id).await;
    }
    let version = world.source.set(1, "new");
    world.source.set(2, "new");
    let window = [one.rooms.written(&1, version, Some(&room("new"))).unwrap(), one.rooms.dropped(&2)];
    let applied = one.hub.applier().apply(&window).await;
    assert_eq!((applied.changes, applied.by_renewal), (2, 0));
    tokio::task::yield_now().await;
    assert!(matches!(other.read(1).await, Lookup::Hit { tier: Tier::L2, .. }));
    assert!(matches!(other.read(2).await, Lookup::Hit { tier: Tier::Source, .. }));
    assert!(matches!(other.read(3).await, Lookup::Hit { tier: Tier::L1, .. }));
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn an_applier_does_not_pass_a_window_that_the_shared_tier_did_not_take() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "old");
    other.read(1).await;
    world.source.set(1, "new");
    one.l2.cut();
    let applying = tokio::spawn({
        let one = one.clone();
        async move { one.hub.applier().apply(&[one.rooms.dropped(&1)]).await }
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!applying.is_finished());
    one.l2.heal();
    let applied = applying.await.unwrap();
    assert_eq!(applied.changes + applied.by_renewal, 1);
    tokio::task::yield_now().await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_load_without_versions_replaces_a_written_value_that_has_ended() {
    let world = World::new();
    let node = world.node().await;
    assert_eq!(rename(&world, &node, 1, "lobby").await, Invalidated::Everywhere);
    tokio::time::sleep(Duration::from_secs(700)).await;
    let load = || async { Ok::<_, Broken>(Some(room("lobby"))) };
    assert!(matches!(node.rooms.lookup_or_load(&1, load).await, Ok(Lookup::Hit { tier: Tier::Source, .. })));
    assert!(matches!(node.rooms.get(&1).await, Lookup::Hit { tier: Tier::L1, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_put_that_comes_after_a_newer_delete_is_taken_back() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let delay = Duration::from_millis(200);
    one.backplane.set(BackplaneFaults { delayed: 1000, delay, ..BackplaneFaults::default() });
    let deleted = tokio::sync::Notify::new();
    let commit = async {
        let version = world.source.set(1, "mine");
        deleted.notified().await;
        Ok::<_, Broken>(((), version, Some(room("mine"))))
    };
    let newer = async {
        world.source.set(1, "newer");
        // Deleted and said; one hears of it later.
        assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
        deleted.notify_one();
    };
    let (written, ()) = tokio::join!(one.rooms.write_through(&1, commit), newer);
    assert!(written.is_ok());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn a_put_that_lands_after_its_delete_changes_nothing() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    one.l2.hold();
    // Nobody answers the put, so the entry is deleted.
    assert_eq!(rename(&world, &one, 1, "mine").await, Invalidated::Everywhere);
    world.source.set(1, "newer");
    assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
    one.l2.land().await;
    assert!(world.l2.is_empty());
    assert_eq!(one.title(1).await.as_deref(), Some("newer"));
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_caller_went_away_and_that_lands_late_changes_nothing() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    one.l2.hold();
    let write = rename(&world, &one, 1, "mine");
    assert!(tokio::time::timeout(Duration::from_millis(100), write).await.is_err());
    while one.hub.pending_invalidations() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.source.set(1, "newer");
    assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
    one.l2.land().await;
    assert!(world.l2.is_empty());
    assert_eq!(other.title(1).await.as_deref(), Some("newer"));
}
