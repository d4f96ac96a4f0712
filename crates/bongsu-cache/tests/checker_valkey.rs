//! The value-history checker over real servers, while they are killed, stopped, flushed, failed over and cut up, and
//! processes end: every read is explained. All goes on in these worlds that goes on in those of the stopped clock: a log
//! is applied, the tier is warmed, models are dropped, counters change. More than a million reads in all.
//!
//! The clock is that of the wall, so a core that stands still is a trouble like others: what it made late is allowed to
//! be, and the test says for how long it stood.
//!
//! `BONGSU_CHECKER_READS` says how many reads each world makes at least; it goes on until its faults are over.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "checker/stalls.rs"]
mod stalls;
#[path = "checker/thing.rs"]
mod thing;
#[allow(dead_code, reason = "the faults here are those of servers: the decorators stay idle")]
#[path = "checker/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use bongsu_cache::testing::Bound;
use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{EntryOptions, HubBuilder};
use bongsu_testbed::{Cluster, Engine, Server};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use stalls::StallWatch;
use world::{Also, Plan, Tiers, World};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
const PROCESSES: usize = 3;
const READS: u64 = 550_000;
/// Each has the whole machine.
static ONE_WORLD_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What the crate declares: two seconds; two seconds after the servers work again; an entry's life else.
const DECLARED: Bound = Bound {
    usual: Duration::from_secs(2),
    after_trouble: Duration::from_secs(2),
    at_most: Duration::from_secs(70),
};

fn plan(seed: u64) -> Plan {
    let reads =
        std::env::var("BONGSU_CHECKER_READS").ok().and_then(|text| text.parse().ok()).unwrap_or(READS);
    println!("BONGSU_CHECKER_READS={reads}");
    Plan {
        seed,
        things: 200,
        readers_per_process: 4,
        writers_per_process: 2,
        reads,
        all_faults: true,
        // Short: the runtime looks at its connections after so many turns of tasks, and a burst is one.
        burst: 25,
        read_pause: 2 * MILLI,
        write_pause: 80 * MILLI,
        source_time: 5 * MILLI,
        source_fails: 5,
        second_writes: 300,
        bound: DECLARED,
        also: Also::EVERYTHING,
    }
}

fn options() -> EntryOptions {
    EntryOptions::new().with_ttl(60 * SECOND).with_l1_ttl(30 * SECOND)
}

/// Each process has connections of its own.
async fn tiers(seeds: Vec<String>) -> Vec<Tiers> {
    let mut tiers = Vec::new();
    for _ in 0..PROCESSES {
        let options = ValkeyOptions::new(seeds.clone()).with_prefix("checker").with_must_be_reachable(true);
        let valkey = Valkey::connect(options).await.unwrap();
        tiers.push((valkey.l2(), valkey.backplane()));
    }
    tiers
}

/// Fills and puts need a registration that was confirmed lately: by the clock of the wall, a busy machine takes a while.
fn adjusted(builder: HubBuilder) -> HubBuilder {
    builder.schema_notice(4 * SECOND)
}

async fn world(seed: u64, seeds: Vec<String>) -> Arc<World> {
    World::new(plan(seed), tiers(seeds).await, options(), adjusted).await
}

/// Lets the world live through `faults` and judges it.
async fn explained<Fut>(name: &str, world: Arc<World>, faults: impl FnOnce(Arc<World>) -> Fut)
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let (begun, watch) = (Instant::now(), StallWatch::start(&world.history));
    let found = world.run(faults).await;
    let (took, stood_still) = (begun.elapsed(), watch.end());
    println!("{name}: {found}; in {took:.1?}, of which its cores stood still for {stood_still:.1?}");
    world.end().await;
    found.assert_explained();
    let longest = stood_still.into_iter().max().unwrap_or_default();
    assert!(longest < took / 2, "the machine hardly ran: what was read says little, run the test again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_single_server_that_fails_every_read_is_explained() {
    let _alone = ONE_WORLD_AT_A_TIME.lock().await;
    let server = Arc::new(Server::start_with(Engine::Valkey, &[("appendonly", "yes")]).await);
    let world = world(1, vec![server.address()]).await;
    explained("a single server", world, |world| faults_of_a_single_server(world, Arc::clone(&server))).await;
}

async fn faults_of_a_single_server(world: Arc<World>, server: Arc<Server>) {
    sleep(SECOND).await;
    // Connections are made again and what may be missing is forgotten: nothing of it excuses an old answer.
    for _ in 0..10 {
        server.client_kill_all().await;
        sleep(150 * MILLI).await;
    }
    server.flush_all().await;
    // Processes end, in order and by force, and others start cold in the middle of it all: no excuse either.
    world.restart(1).await;
    world.kill(2).await;
    {
        let _trouble = world.history.trouble("SIGSTOP");
        server.pause();
        sleep(2 * SECOND).await;
        server.resume();
    }
    sleep(3 * SECOND).await;
    {
        let _trouble = world.history.trouble("kill -9");
        server.kill();
        sleep(SECOND).await;
        server.restart().await;
    }
    sleep(3 * SECOND).await;
    server.flush_all().await;
    sleep(SECOND).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_cluster_that_fails_every_read_is_explained() {
    let _alone = ONE_WORLD_AT_A_TIME.lock().await;
    let cluster = Arc::new(Cluster::start(Engine::Valkey).await);
    let world = world(2, cluster.seeds()).await;
    explained("a cluster", world, |world| faults_of_a_cluster(world, Arc::clone(&cluster))).await;
}

async fn faults_of_a_cluster(world: Arc<World>, cluster: Arc<Cluster>) {
    sleep(SECOND).await;
    for _ in 0..5 {
        for node in 0..cluster.nodes().len() {
            cluster.client_kill_all(node).await;
        }
        sleep(200 * MILLI).await;
    }
    cluster.flush_all().await;
    world.restart(1).await;
    world.kill(2).await;
    {
        // The new primary may lack the last deletes of the old one: nothing of the old one is believed.
        let _trouble = world.history.trouble("CLUSTER FAILOVER");
        cluster.failover(0).await;
        cluster.wait_ready().await;
    }
    sleep(2 * SECOND).await;
    {
        let _trouble = world.history.trouble("slots move");
        let from = Cluster::home_slots(1);
        let some = *from.start()..=from.start() + 2000;
        cluster.migrate_slots(1, 2, some).await;
        cluster.wait_ready().await;
    }
    sleep(2 * SECOND).await;
    {
        let _trouble = world.history.trouble("kill -9 of a primary");
        let killed = cluster.kill_primary(2).await;
        // Long enough for its replica to take over.
        sleep(6 * SECOND).await;
        cluster.restart(killed).await;
        cluster.wait_ready().await;
    }
    sleep(3 * SECOND).await;
    {
        let _trouble = world.history.trouble("SIGSTOP of a primary");
        let paused = cluster.pause_primary(1).await;
        sleep(6 * SECOND).await;
        cluster.resume(paused);
        cluster.wait_ready().await;
    }
}
