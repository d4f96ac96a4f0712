//! A hub of one process: no shared tier, no backplane, changes heard of at once.

use std::time::Duration;

use bongsu_cache::memory::{MemoryBackplane, MemoryL2};
use bongsu_cache::testing::{FaultyL2, LossyBackplane};
use bongsu_cache::{CacheHub, EntryOptions};

use crate::world::{Node, PREFIX, Room, World};

const LIFE: Duration = Duration::from_secs(3600);

/// A process with nothing beside it, whose entries live as long as they are not invalidated.
fn alone(world: &World) -> Node {
    let hub = CacheHub::builder(PREFIX).l1_max_staleness_without_backplane(LIFE).build().unwrap();
    let options = EntryOptions::new().with_ttl(LIFE).with_l1_ttl(LIFE).with_negative_ttl(Duration::ZERO);
    let rooms = hub.cache::<Room>().unwrap().with(options).unwrap();
    let l2 = FaultyL2::new(std::sync::Arc::new(MemoryL2::new()), 1);
    let backplane = LossyBackplane::new(std::sync::Arc::new(MemoryBackplane::new()), 1);
    Node { hub, rooms, l2, backplane, source: world.source.clone() }
}

impl Node {
    /// Titles in the order asked.
    async fn each(&self, ids: &[u64]) -> Vec<Option<String>> {
        let source = self.source.clone();
        let rooms = self.rooms.get_each_or_load(ids, move |ids| source.clone().load_many(ids)).await.unwrap();
        rooms.into_iter().map(|room| room.map(|room| room.title.clone())).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_lives_until_it_is_invalidated_here() {
    let world = World::new();
    let node = alone(&world);
    world.source.set(1, "old");
    assert_eq!(node.title(1).await.as_deref(), Some("old"));
    tokio::time::sleep(LIFE / 2).await;
    world.source.set(1, "new");
    assert_eq!(node.title(1).await.as_deref(), Some("old"), "nobody said anything");
    node.rooms.invalidate_here(&1);
    assert_eq!(node.title(1).await.as_deref(), Some("new"));
    assert_eq!(world.source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_loaded_before_an_invalidation_here_is_not_kept() {
    let world = World::new();
    let node = alone(&world);
    world.source.set(1, "old");
    world.source.close_door();
    let reader = tokio::spawn({
        let node = node.clone();
        async move { node.each(&[1]).await }
    });
    world.source.somebody_is_loading().await;
    world.source.set(1, "new");
    node.rooms.invalidate_here(&1);
    world.source.open_door();
    assert_eq!(reader.await.unwrap(), [Some("old".to_owned())], "it began before");
    assert_eq!(node.each(&[1]).await, [Some("new".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn each_is_answered_in_its_place_and_only_what_is_missing_is_loaded() {
    let world = World::new();
    let node = alone(&world);
    for id in 0..4 {
        world.source.set(id, &format!("room {id}"));
    }
    let room = |id| Some(format!("room {id}"));
    assert_eq!(node.each(&[2, 0]).await, [room(2), room(0)]);
    assert_eq!(node.each(&[3, 2, 99, 0, 3]).await, [room(3), room(2), None, room(0), room(3)]);
    assert_eq!(world.source.loads(), 2);
    assert_eq!(node.each(&[0, 2, 3, 2]).await, [room(0), room(2), room(3), room(2)]);
    assert_eq!(world.source.loads(), 2, "absence is not kept, and nothing absent was asked for");
}
