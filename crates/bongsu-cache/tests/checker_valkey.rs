//! The value-history checker over real servers, while they are killed, stopped, flushed, failed over and cut up: every
//! read is explained. More than a million reads in all, on the clock of the wall.
//!
//! `BONGSU_CHECKER_READS` says how many reads each world makes at least; it goes on until its faults are over.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "checker/thing.rs"]
mod thing;
#[allow(dead_code, reason = "the faults here are those of servers: the decorators stay idle")]
#[path = "checker/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use bongsu_cache::EntryOptions;
use bongsu_cache::testing::Bound;
use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_testbed::{Cluster, Engine, Server};
use tokio::time::sleep;

use world::{Also, Plan, Tiers, World};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
const PROCESSES: usize = 3;
const READS: u64 = 550_000;

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
        things: 400,
        readers_per_process: 4,
        writers_per_process: 2,
        reads,
        all_faults: true,
        burst: 150,
        read_pause: 10 * MILLI,
        write_pause: 20 * MILLI,
        source_time: 5 * MILLI,
        source_fails: 5,
        second_writes: 300,
        bound: DECLARED,
        also: Also::NOTHING,
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

async fn world(seed: u64, seeds: Vec<String>) -> Arc<World> {
    World::new(plan(seed), tiers(seeds).await, options(), |builder| builder).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_single_server_that_fails_every_read_is_explained() {
    let server = Arc::new(Server::start_with(Engine::Valkey, &[("appendonly", "yes")]).await);
    let world = world(1, vec![server.address()]).await;
    let found = world.run(|world| faults_of_a_single_server(world, Arc::clone(&server))).await;
    println!("a single server: {found}");
    world.end().await;
    found.assert_explained();
}

async fn faults_of_a_single_server(world: Arc<World>, server: Arc<Server>) {
    sleep(SECOND).await;
    // Connections are made again and what may be missing is forgotten: nothing of it excuses an old answer.
    for _ in 0..10 {
        server.client_kill_all().await;
        sleep(150 * MILLI).await;
    }
    server.flush_all().await;
    sleep(SECOND).await;
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
    let cluster = Arc::new(Cluster::start(Engine::Valkey).await);
    let world = world(2, cluster.seeds()).await;
    let found = world.run(|world| faults_of_a_cluster(world, Arc::clone(&cluster))).await;
    println!("a cluster: {found}");
    world.end().await;
    found.assert_explained();
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
    sleep(SECOND).await;
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
