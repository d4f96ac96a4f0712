//! What is measured, as a recorder sees it.

use std::time::Duration;

use bongsu_cache::contract::Channel;
use bongsu_cache::memory::MemoryL2;
use bongsu_cache::{CacheHub, CacheId, Counter, CounterKey, IdText, Invalidated};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::world::{World, key, room};

/// A recorder of this thread, on which all of a test runs.
struct Recorded {
    handle: PrometheusHandle,
    _guard: metrics::LocalRecorderGuard<'static>,
}

impl Recorded {
    fn begin() -> Self {
        // A few kilobytes for each test of the process.
        let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        let handle = recorder.handle();
        Self { handle, _guard: metrics::set_default_local_recorder(recorder) }
    }

    /// The value of a line that begins like this.
    fn value(&self, begins: &str) -> Option<f64> {
        let text = self.handle.render();
        let line = text.lines().find(|line| line.starts_with(begins))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_another_schema_is_a_mismatch_and_not_an_error() {
    let recorded = Recorded::begin();
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    node.read(1).await;
    let raw = world.l2.raw(key(1).as_str()).unwrap();
    let mut foreign = raw.to_vec();
    foreign[4] ^= 1;
    world.l2.put_raw(&key(2), foreign.into(), Duration::from_secs(60));
    node.read(2).await;
    assert_eq!(recorded.value("cache_schema_mismatch_total{model=\"room\"}"), Some(1.0));
    assert_eq!(recorded.value("cache_decode_errors_total{model=\"room\"}"), Some(0.0));
}

#[cfg(feature = "zstd")]
#[tokio::test(start_paused = true)]
async fn payloads_are_measured_before_and_after_compression() {
    let recorded = Recorded::begin();
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, &"long ".repeat(10_000));
    node.read(1).await;
    let sum = |stage: &str| {
        recorded.value(&format!("cache_payload_bytes_sum{{model=\"room\",stage=\"{stage}\"}}")).unwrap()
    };
    assert!(sum("raw") > 50_000.0, "{}", sum("raw"));
    assert!((1.0..1_000.0).contains(&sum("compressed")), "{}", sum("compressed"));
    // What is too short is not compressed, and not counted as if it were.
    world.source.set(2, "short");
    node.read(2).await;
    let count = "cache_payload_bytes_count{model=\"room\",stage=\"compressed\"}";
    assert_eq!(recorded.value(count), Some(1.0));
    // Written values count too.
    let version = world.source.set(3, "written");
    let commit = async { Ok::<_, crate::world::Broken>(((), version, Some(room(&"long ".repeat(10_000))))) };
    assert_eq!(node.rooms.write_through(&3, commit).await.unwrap().reached, Invalidated::Everywhere);
    assert_eq!(recorded.value(count), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn for_how_long_a_channel_is_lost_is_told() {
    let recorded = Recorded::begin();
    let world = World::new();
    let node = world.node().await;
    let disconnected = || recorded.value("cache_backplane_disconnected_seconds");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(disconnected(), Some(0.0));
    node.backplane.deafen(Channel::new(3).unwrap());
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(disconnected().is_some_and(|seconds| (10.0..12.0).contains(&seconds)), "{:?}", disconnected());
    node.backplane.hear(Channel::new(3).unwrap());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(disconnected(), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_said_shows_in_the_staleness_bound() {
    let recorded = Recorded::begin();
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let bound = || recorded.value("cache_staleness_bound_seconds").unwrap();
    drop(other);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(bound() < 1.3, "{}", bound());
    Channel::all().for_each(|channel| one.backplane.mute(channel));
    assert_eq!(one.rooms.invalidate(&7).await, Invalidated::LocalAndL2);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(bound() > 10.0, "others may hold it: {}", bound());
    assert!(recorded.value("cache_untold_invalidations").is_some_and(|untold| untold >= 1.0));
    Channel::all().for_each(|channel| one.backplane.unmute(channel));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(bound() < 1.3, "{}", bound());
    assert_eq!(recorded.value("cache_untold_invalidations"), Some(0.0));
    // A delete that is not confirmed leaves the old value for others too.
    one.l2.cut();
    assert!(matches!(one.rooms.invalidate(&7).await, Invalidated::QueuedForRetry { .. }));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(bound() > 10.0, "{}", bound());
}

#[tokio::test(start_paused = true)]
async fn a_hub_without_a_backplane_is_measured_too() {
    let recorded = Recorded::begin();
    let hub = CacheHub::builder("alone").build().unwrap();
    let rooms = hub.cache::<crate::world::Room>().unwrap();
    let load = || async { Ok::<_, crate::world::Broken>(room("lobby")) };
    assert!(rooms.get_or_load(&1, load).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(recorded.value("cache_l1_entries"), Some(1.0));
    assert!(recorded.value("cache_l1_bytes").is_some_and(|bytes| bytes > 100.0));
    assert_eq!(recorded.value("cache_staleness_bound_seconds"), Some(0.0), "nobody else changes anything");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Unread(u64);

impl CacheId for Unread {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
    }
}

impl CounterKey for Unread {
    const MODEL: &'static str = "unread";
}

#[tokio::test(start_paused = true)]
async fn renewals_instead_of_removals_are_counted() {
    let recorded = Recorded::begin();
    let memory = MemoryL2::new();
    let hub = CacheHub::builder("metered").l2(memory.clone()).build().unwrap();
    let counter: Counter<Unread> = hub.counter().unwrap();
    memory.set_reachable(false);
    for id in 0..50_001 {
        assert!(matches!(counter.forget(&Unread(id)).await, Invalidated::QueuedForRetry { .. }));
    }
    assert_eq!(recorded.value("cache_counter_renewals_total{model=\"unread\"}"), Some(1.0));
}
