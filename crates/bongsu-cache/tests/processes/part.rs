//! What one process does in a test of several.

use std::sync::Arc;
use std::time::Duration;

use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{Cache, CacheHub, CacheSchema, EntryOptions};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The variable that names the part.
pub(crate) const PART: &str = "BONGSU_TEST_PART";
/// The variable that names the server.
pub(crate) const SERVER: &str = "BONGSU_TEST_SERVER";

pub(crate) const ABSENT_IDS: u64 = 500;
const READS_OF_ABSENT: u64 = 25_000;
const MISSES: u64 = 250;
const PATIENCE: Duration = Duration::from_secs(50);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "text", id = u64)]
struct Text {
    text: String,
}

/// The part of this process.
pub(crate) struct Part {
    name: String,
    address: String,
}

/// A process of the test: its cache, and the server as the place where all count.
#[derive(Clone)]
struct Process {
    cache: Cache<Text>,
    board: MultiplexedConnection,
}

#[derive(Debug, thiserror::Error)]
#[error("the board is out of reach")]
struct NoBoard;

impl Part {
    pub(crate) fn ours() -> Option<Self> {
        Some(Self { name: std::env::var(PART).ok()?, address: std::env::var(SERVER).ok()? })
    }

    pub(crate) async fn play(self) {
        let process = Process::start(&self.address).await;
        let hub = process.cache.hub().clone();
        process.ready_and_go().await;
        match self.name.as_str() {
            "stampede" => process.stampede().await,
            "penetration" => process.penetrate().await,
            "slow-reader" => process.read_slowly().await,
            "writer" => process.write().await,
            "idle" => {}
            other => panic!("there is no part {other:?}"),
        }
        hub.shutdown().await;
    }
}

impl Process {
    async fn start(address: &str) -> Self {
        let options = ValkeyOptions::new([address])
            .with_prefix("processes")
            .with_answer_timeout(Duration::from_secs(2))
            .with_must_be_reachable(true);
        let valkey = Valkey::connect(options).await.unwrap();
        let hub = CacheHub::builder("processes")
            // A process that has not heard for most of this time that it is registered loads and does not fill.
            .schema_notice(Duration::from_secs(4))
            // What is shown here is who loads, not how long a busy machine takes to say so.
            .l2_budget(Duration::from_secs(2))
            .l2(bongsu_cache::testing::FaultyL2::new(valkey.l2(), 0))
            .backplane(bongsu_cache::testing::LossyBackplane::new(valkey.backplane(), 0))
            .build()
            .unwrap();
        let lease = bongsu_cache::LeaseMode::CrossProcess {
            ttl: Duration::from_secs(20),
            wait: Duration::from_secs(10),
        };
        let options = EntryOptions::new()
            .with_lease(lease)
            .with_soft_timeout(Duration::from_secs(20))
            .with_hard_timeout(Duration::from_secs(20))
            .with_negative_ttl(Duration::from_secs(300));
        let cache = hub.cache::<Text>().unwrap().with(options).unwrap();
        assert!(hub.settled(PATIENCE).await, "the process settles");
        let client = redis::Client::open(format!("redis://{address}")).unwrap();
        let board = client.get_multiplexed_async_connection().await.unwrap();
        Self { cache, board }
    }

    async fn ready_and_go(&self) {
        self.add("ready", 1).await;
        self.wait_for("go").await;
    }

    async fn add(&self, key: &str, by: u64) {
        self.board.clone().incr::<_, _, ()>(key, by).await.unwrap();
    }

    async fn set(&self, key: &str, value: &str) {
        self.board.clone().set::<_, _, ()>(key, value).await.unwrap();
    }

    async fn wait_for(&self, key: &str) {
        let there = async {
            while !self.board.clone().exists::<_, bool>(key).await.unwrap() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, there).await.unwrap_or_else(|_| panic!("{key} never comes"));
    }

    async fn stampede(self) {
        let mut reads = JoinSet::new();
        for _ in 0..MISSES {
            let process = self.clone();
            reads.spawn(async move {
                let board = process.board.clone();
                let load = async move || {
                    board.clone().incr::<_, _, ()>("loads", 1).await.map_err(|_| NoBoard)?;
                    sleep(Duration::from_millis(200)).await;
                    Ok::<_, NoBoard>(Text { text: "loaded".to_owned() })
                };
                process.cache.get_or_load(&7, load).await.unwrap().unwrap()
            });
        }
        for text in reads.join_all().await {
            assert_eq!(text.text, "loaded");
        }
        self.add("reads", MISSES).await;
    }

    async fn penetrate(self) {
        let mut readers = JoinSet::new();
        for reader in 0..10_u64 {
            let process = self.clone();
            readers.spawn(async move {
                for read in 0..READS_OF_ABSENT / 10 {
                    let id = (read * 7 + reader * 13) % ABSENT_IDS;
                    let board = process.board.clone();
                    let load = async move || {
                        let count = board.clone().hincr::<_, _, _, ()>("loads-of-each", id, 1).await;
                        count.map_err(|_| NoBoard).map(|()| None::<Text>)
                    };
                    let found: Option<Arc<Text>> = process.cache.get_or_load(&id, load).await.unwrap();
                    assert_eq!(found, None);
                }
            });
        }
        readers.join_all().await;
        self.add("reads", READS_OF_ABSENT).await;
    }

    async fn read_slowly(self) {
        let process = self.clone();
        let load = async move || {
            // The old value was read; then it takes until the other process has changed and invalidated it.
            process.set("loading", "1").await;
            process.wait_for("invalidated").await;
            Ok::<_, NoBoard>(Text { text: "old".to_owned() })
        };
        self.cache.get_or_load(&1, load).await.unwrap();
        self.see().await;
    }

    async fn write(self) {
        self.wait_for("loading").await;
        assert_eq!(self.cache.invalidate(&1).await, bongsu_cache::Invalidated::Everywhere);
        self.set("invalidated", "1").await;
        // The old load ends meanwhile, and must leave nothing behind.
        self.wait_for("seen").await;
        self.see().await;
    }

    /// Reads again, when the source has the new value.
    async fn see(&self) {
        let load = async || Ok::<_, NoBoard>(Text { text: "new".to_owned() });
        let text = self.cache.get_or_load(&1, load).await.unwrap().unwrap();
        self.board.clone().rpush::<_, _, ()>("seen", &text.text).await.unwrap();
    }
}
