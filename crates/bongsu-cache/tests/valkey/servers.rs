//! The servers of the tests: a single one for each test, and one cluster of each engine that they take in turn.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_cache::contract::{Backplane, Key, L2, slot_of};
use bongsu_cache::testing::conformance::{BackplaneUnderTest, TierUnderTest};
use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_testbed::{Cluster, Engine, SHARDS, Server, until};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// Longer than an answer takes on a busy machine, where how fast it is is not under test; and shorter than it takes until
/// a primary that hangs is replaced.
pub(crate) const PATIENT: Duration = Duration::from_millis(1500);

/// After this long the engine has given a handover up.
const HANDOVER: Duration = Duration::from_secs(6);

/// One cluster of an engine, formed by the first test that needs it.
type Shared = LazyLock<Arc<Mutex<Option<Cluster>>>>;

static VALKEY: Shared = LazyLock::new(Arc::default);
static REDIS: Shared = LazyLock::new(Arc::default);

/// A prefix that no other test uses.
pub(crate) fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A server for one test.
pub(crate) struct Single {
    pub(crate) server: Server,
    prefix: String,
}

impl Single {
    pub(crate) async fn start(engine: Engine) -> Self {
        Self { server: Server::start_with(engine, &[("appendonly", "yes")]).await, prefix: prefix() }
    }

    pub(crate) fn options(&self) -> ValkeyOptions {
        ValkeyOptions::new([self.server.address()]).with_prefix(&self.prefix).with_answer_timeout(PATIENT)
    }

    async fn connect(&self) -> Valkey {
        Valkey::connect(self.options()).await.unwrap()
    }
}

#[async_trait]
impl TierUnderTest for Single {
    async fn open(&self) -> Arc<dyn L2> {
        self.connect().await.l2()
    }

    async fn restart(&self, _: &Key) {
        self.server.kill();
        self.server.restart().await;
    }

    async fn flush(&self, _: &Key) {
        self.server.flush_all().await;
    }

    async fn hang(&self, _: &Key) {
        self.server.pause();
    }

    async fn resume(&self, _: &Key) {
        self.server.resume();
    }

    fn are_apart(&self, _: &Key, _: &Key) -> bool {
        false
    }
}

#[async_trait]
impl BackplaneUnderTest for Single {
    async fn open(&self) -> Arc<dyn Backplane> {
        self.connect().await.backplane()
    }

    async fn break_connections(&self) {
        self.server.client_kill_all().await;
    }
}

/// The cluster of an engine, whole, for as long as a test holds it.
pub(crate) struct Turn {
    cluster: OwnedMutexGuard<Option<Cluster>>,
    prefix: String,
}

impl Turn {
    pub(crate) async fn take(engine: Engine) -> Self {
        let shared = match engine {
            Engine::Valkey => &*VALKEY,
            Engine::Redis => &*REDIS,
        };
        let mut cluster = Arc::clone(shared).lock_owned().await;
        let whole = match cluster.take() {
            Some(cluster) => {
                mend(&cluster).await;
                cluster
            }
            None => Cluster::start(engine).await,
        };
        *cluster = Some(whole);
        Self { cluster, prefix: prefix() }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("formed when the turn began")
    }

    pub(crate) fn options(&self) -> ValkeyOptions {
        ValkeyOptions::new(self.cluster().seeds()).with_prefix(&self.prefix).with_answer_timeout(PATIENT)
    }

    /// What all keys of this test begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Lets the replica of a shard take over, asking again where the engine gave up.
    pub(crate) async fn failover(&self, shard: usize) {
        let cluster = self.cluster();
        cluster.wait_ready().await;
        let heir = (cluster.primary(shard).await + SHARDS) % (2 * SHARDS);
        let in_office = async || {
            until("a handover", async || (cluster.primary(shard).await == heir).then_some(())).await;
        };
        loop {
            cluster.node(heir).query::<()>(&["CLUSTER", "FAILOVER"]).await.unwrap();
            if timeout(HANDOVER, in_office()).await.is_ok() {
                return;
            }
        }
    }

    async fn connect(&self) -> Valkey {
        Valkey::connect(self.options()).await.unwrap()
    }
}

/// What the test before broke, also if it failed.
async fn mend(cluster: &Cluster) {
    for node in cluster.nodes() {
        if !node.is_running() {
            node.kill();
            node.restart().await;
        }
    }
    cluster.wait_ready().await;
}

/// The shard that has this slot at home. Tests that move slots move them back.
pub(crate) fn shard_of(slot: u16) -> usize {
    (0..SHARDS).find(|shard| Cluster::home_slots(*shard).contains(&slot)).expect("every slot has a home")
}

#[async_trait]
impl TierUnderTest for Turn {
    async fn open(&self) -> Arc<dyn L2> {
        self.connect().await.l2()
    }

    async fn restart(&self, key: &Key) {
        let node = self.cluster().primary_of(key.slot()).await;
        self.cluster().node(node).kill();
        self.cluster().restart(node).await;
    }

    async fn flush(&self, key: &Key) {
        let node = self.cluster().primary_of(key.slot()).await;
        self.cluster().node(node).flush_all().await;
    }

    async fn hang(&self, key: &Key) {
        let node = self.cluster().primary_of(key.slot()).await;
        self.cluster().node(node).pause();
    }

    async fn resume(&self, _: &Key) {
        for node in 0..2 * SHARDS {
            if !self.cluster().node(node).is_running() {
                self.cluster().resume(node);
            }
        }
    }

    fn is_beside_schemas(&self, key: &Key, model: &str) -> bool {
        let list = format!("{}:schemas:{model}", self.prefix);
        shard_of(slot_of(list.as_bytes())) == shard_of(key.slot())
    }

    fn are_apart(&self, one: &Key, other: &Key) -> bool {
        shard_of(one.slot()) != shard_of(other.slot())
    }
}

#[async_trait]
impl BackplaneUnderTest for Turn {
    async fn open(&self) -> Arc<dyn Backplane> {
        self.connect().await.backplane()
    }

    async fn break_connections(&self) {
        for node in 0..2 * SHARDS {
            self.cluster().client_kill_all(node).await;
        }
    }
}

/// Runs a test on both engines.
macro_rules! on_both_engines {
    ($($case:ident;)*) => {
        mod valkey {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(bongsu_testbed::Engine::Valkey).await;
            })*
        }

        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(bongsu_testbed::Engine::Redis).await;
            })*
        }
    };
}

pub(crate) use on_both_engines;
