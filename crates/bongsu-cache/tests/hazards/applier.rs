//! Windows of changes: the last change of an entry stands, whatever became of those before it.

use std::time::Duration;

use bongsu_cache::Invalidated;

use crate::world::{Node, World, key, room};

/// Room 1 changes twice, and the second change makes it go from the cache.
async fn applies_as_one_window(world: &World, node: &Node, last: bongsu_cache::Change) {
    let version = world.source.set(1, "first");
    world.source.set(1, "second");
    let window = [node.rooms.written(&1, version, Some(&room("first"))).unwrap(), last];
    let applied = node.hub.applier().apply(&window).await;
    assert_eq!((applied.changes, applied.by_renewal), (1, 0));
    assert!(world.l2.is_empty(), "nothing stands where the last change dropped");
    assert_eq!(node.title(1).await.as_deref(), Some("second"));
}

#[tokio::test(start_paused = true)]
async fn a_drop_after_a_write_in_one_window_leaves_nothing() {
    let world = World::new();
    let node = world.node().await;
    let last = node.rooms.dropped(&1);
    applies_as_one_window(&world, &node, last).await;
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_large_ends_the_one_before_it_in_the_window() {
    let world = World::new();
    let node = world.node().await;
    let small = node.with(|options| options.with_max_bytes(100));
    let large = room(&"long".repeat(100));
    let last = small.rooms.written(&1, bongsu_cache::Version(2), Some(&large)).unwrap();
    applies_as_one_window(&world, &node, last).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_that_was_invalidated_meanwhile_does_not_come_back() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let version = world.source.set(1, "first");
    one.l2.cut();
    let applying = tokio::spawn({
        let one = one.clone();
        let change = one.rooms.written(&1, version, Some(&room("first"))).unwrap();
        async move { one.hub.applier().apply(&[change]).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.source.set(1, "second");
    assert_eq!(other.rooms.invalidate(&1).await, Invalidated::Everywhere);
    tokio::time::sleep(Duration::from_millis(10)).await;
    one.l2.heal();
    let applied = applying.await.unwrap();
    assert_eq!((applied.changes, applied.by_renewal), (1, 0));
    assert!(world.l2.is_empty());
    assert_eq!(one.title(1).await.as_deref(), Some("second"));
    assert_eq!(other.title(1).await.as_deref(), Some("second"));
}

#[tokio::test(start_paused = true)]
async fn a_window_that_waits_for_its_server_does_not_hold_up_the_next() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let elsewhere = (2..).find(|id| key(*id).region() != key(1).region()).unwrap();
    for id in [1, elsewhere] {
        world.source.set(id, "old");
        other.read(id).await;
    }
    cut_region_of(&one, 1);
    let versions = [1, elsewhere].map(|id| (id, world.source.set(id, "new")));
    let [first, second] = versions.map(|(id, version)| {
        let (one, change) = (one.clone(), one.rooms.written(&id, version, Some(&room("new"))).unwrap());
        tokio::spawn(async move { one.hub.applier().apply(&[change]).await })
    });
    assert_eq!(second.await.unwrap().changes, 1);
    assert_eq!(other.title(elsewhere).await.as_deref(), Some("new"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!first.is_finished());
    one.l2.heal();
    first.await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(other.title(1).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_generation_is_renewed_once_for_a_window() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let elsewhere = (2..).find(|id| key(*id).region() != key(1).region()).unwrap();
    world.source.set(elsewhere, "old");
    cut_region_of(&one, 1);
    // Without a notice the versions are never known for certain, so all regions are to be renewed.
    let applying = tokio::spawn({
        let one = one.clone();
        async move { one.hub.applier().apply(&[one.rooms.dropped(&1)]).await }
    });
    tokio::time::sleep(Duration::from_secs(4)).await;
    other.read(elsewhere).await;
    let loads = world.source.loads();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(!applying.is_finished());
    other.read(elsewhere).await;
    assert_eq!(world.source.loads(), loads);
    one.l2.heal();
    applying.await.unwrap();
}

/// Neither the entry nor its generation is to be had.
fn cut_region_of(node: &Node, id: u64) {
    let slots: Vec<u16> = key(id).region().slots().collect();
    node.l2.cut_slots(slots[0]..=slots[slots.len() - 1]);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_window_puts_nothing_where_a_later_one_has_the_entry() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let version = world.source.set(1, "first");
    let first = [one.rooms.written(&1, version, Some(&room("first"))).unwrap()];
    world.source.set(1, "second");
    let second = [one.rooms.dropped(&1)];
    let applier = one.hub.applier();
    // In the order of the source; the later one is carried out first.
    let (earlier, later) = (applier.apply(&first), applier.apply(&second));
    assert_eq!(later.await.changes, 1);
    assert_eq!(earlier.await.changes, 1);
    assert!(world.l2.is_empty(), "nothing stands where the last change dropped");
    assert_eq!(other.title(1).await.as_deref(), Some("second"));
}
