//! A source, a shared tier and a backplane, and processes that use them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_cache::contract::Key;
use bongsu_cache::memory::{MemoryBackplane, MemoryL2};
use bongsu_cache::testing::{FaultyL2, LossyBackplane};
use bongsu_cache::{Cache, CacheHub, CacheSchema, Cached, HubBuilder, Loaded, Lookup, Version};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub(crate) const PREFIX: &str = "test";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = u64)]
pub(crate) struct Room {
    pub(crate) title: String,
}

/// What the source says when it is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source is broken")]
pub(crate) struct Broken;

pub(crate) fn room(title: &str) -> Room {
    Room { title: title.to_owned() }
}

/// The rows that the cache stands before. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Source(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rows: Mutex<HashMap<u64, (Room, u64)>>,
    loads: AtomicUsize,
    loading: watch::Sender<usize>,
    takes: Mutex<Duration>,
    broken: Mutex<bool>,
    /// While it is closed, loads that have read their row do not return.
    door: watch::Sender<bool>,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            rows: Mutex::default(),
            loads: AtomicUsize::new(0),
            loading: watch::Sender::new(0),
            takes: Mutex::new(Duration::from_millis(10)),
            broken: Mutex::new(false),
            door: watch::Sender::new(true),
        }))
    }

    /// Changes a row and returns its version.
    pub(crate) fn set(&self, id: u64, title: &str) -> Version {
        let mut rows = self.0.rows.lock().unwrap();
        let version = rows.get(&id).map_or(0, |(_, version)| *version) + 1;
        rows.insert(id, (room(title), version));
        Version(version)
    }

    pub(crate) fn loads(&self) -> usize {
        self.0.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn takes(&self, time: Duration) {
        *self.0.takes.lock().unwrap() = time;
    }

    pub(crate) fn breaks(&self, broken: bool) {
        *self.0.broken.lock().unwrap() = broken;
    }

    /// Loads read their row, and then wait until the door is opened.
    pub(crate) fn close_door(&self) {
        self.0.door.send_replace(false);
    }

    pub(crate) fn open_door(&self) {
        self.0.door.send_replace(true);
    }

    /// Returns when a load has read its row and stands before the door.
    pub(crate) async fn somebody_is_loading(&self) {
        self.0.loading.subscribe().wait_for(|loading| *loading > 0).await.unwrap();
    }

    pub(crate) async fn load(self, id: u64) -> Result<Loaded<Room>, Broken> {
        let mut loaded = self.load_many(vec![id]).await?;
        Ok(loaded.remove(&id).unwrap_or(Loaded::new(None)))
    }

    pub(crate) async fn load_many(self, ids: Vec<u64>) -> Result<HashMap<u64, Loaded<Room>>, Broken> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        let rows = self.0.rows.lock().unwrap().clone();
        self.0.loading.send_modify(|loading| *loading += 1);
        let takes = *self.0.takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        self.0.door.subscribe().wait_for(|open| *open).await.unwrap();
        self.0.loading.send_modify(|loading| *loading -= 1);
        if *self.0.broken.lock().unwrap() {
            return Err(Broken);
        }
        let found = ids.iter().filter_map(|id| rows.get(id).map(|row| (*id, row.clone())));
        Ok(found
            .map(|(id, (room, version))| (id, Loaded::new(Some(room)).with_version(Version(version))))
            .collect())
    }
}

/// What all processes share.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) source: Source,
    pub(crate) l2: MemoryL2,
    pub(crate) backplane: MemoryBackplane,
}

/// One process.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) hub: CacheHub,
    pub(crate) rooms: Cache<Room>,
    pub(crate) l2: FaultyL2,
    pub(crate) backplane: LossyBackplane,
    pub(crate) source: Source,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { source: Source::new(), l2: MemoryL2::new(), backplane: MemoryBackplane::new() }
    }

    /// A process that is ready for traffic.
    pub(crate) async fn node(&self) -> Node {
        self.node_with(|builder| builder).await
    }

    pub(crate) async fn node_with(&self, change: impl FnOnce(HubBuilder) -> HubBuilder) -> Node {
        let l2 = FaultyL2::new(Arc::new(self.l2.clone()), 1);
        let backplane = LossyBackplane::new(Arc::new(self.backplane.clone()), 1);
        let builder = CacheHub::builder(PREFIX)
            .schema_notice(Duration::ZERO)
            .l2(l2.clone())
            .backplane(backplane.clone())
            .model::<Room>();
        let hub = change(builder).build().unwrap();
        assert!(hub.settled(Duration::from_secs(5)).await, "the hub settles");
        let rooms = hub.cache::<Room>().unwrap();
        Node { hub, rooms, l2, backplane, source: self.source.clone() }
    }

    pub(crate) async fn two_nodes(&self) -> (Node, Node) {
        let nodes = (self.node().await, self.node().await);
        nodes.0.hears_all_others().await;
        nodes
    }

    /// Two processes that hold room 1 as it was before its change.
    pub(crate) async fn two_nodes_with_an_old_room(&self) -> (Node, Node) {
        let (one, other) = self.two_nodes().await;
        self.source.set(1, "old");
        one.read(1).await;
        other.read(1).await;
        self.source.set(1, "new");
        (one, other)
    }
}

impl Node {
    /// Heartbeats of every process have come: who is heard of for the first time makes no doubt later.
    pub(crate) async fn hears_all_others(&self) {
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }

    /// All that was queued is done, and the others have heard of it.
    pub(crate) async fn has_worked_off_its_queue(&self) {
        while self.hub.pending_invalidations() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    pub(crate) async fn read(&self, id: u64) -> Lookup<Room> {
        self.try_read(id).await.unwrap()
    }

    pub(crate) async fn try_read(&self, id: u64) -> Result<Lookup<Room>, bongsu_cache::LoadError<Broken>> {
        self.rooms.lookup_or_load(&id, self.loader(id)).await
    }

    /// The title that a read gives, or nothing.
    pub(crate) async fn title(&self, id: u64) -> Option<String> {
        self.read(id).await.into_value().map(|room| room.title.clone())
    }

    pub(crate) fn loader(
        &self,
        id: u64,
    ) -> impl FnOnce() -> BoxFuture<'static, Result<Loaded<Room>, Broken>> + Send + 'static {
        let source = self.source.clone();
        move || source.load(id).boxed()
    }

    pub(crate) async fn titles(&self, ids: &[u64]) -> HashMap<u64, String> {
        let source = self.source.clone();
        let load = move |ids| source.clone().load_many(ids);
        let rooms = self.rooms.get_many_or_load(ids, load).await.unwrap();
        rooms.into_iter().map(|(id, room)| (id, room.title.clone())).collect()
    }

    /// The same reads with other options.
    pub(crate) fn with(
        &self,
        change: impl FnOnce(bongsu_cache::EntryOptions) -> bongsu_cache::EntryOptions,
    ) -> Self {
        let rooms = self.rooms.with(change(*self.rooms.options())).unwrap();
        Self { rooms, ..self.clone() }
    }
}

pub(crate) fn key(id: u64) -> Key {
    Key::entry(PREFIX, Room::SCHEMA, Room::MODEL, &id.to_string())
}

/// All of them read this title of room 1.
pub(crate) async fn assert_all_read(nodes: [&Node; 2], title: &str) {
    for node in nodes {
        assert_eq!(node.title(1).await.as_deref(), Some(title));
    }
}
