//! The value-history checker over schedules with a stopped clock: several processes, tiers and channels that fail by
//! seeds, and every read explained. Not only readers and writers live in them: an applier is fed by the log of changes,
//! the shared tier is warmed, whole models are invalidated, counters are changed, processes end and others start. And
//! without the gate, without the leases, without the applier and so on: reads that nothing explains.
//!
//! `BONGSU_CHECKER_SEED` replays one seed, `BONGSU_CHECKER_SEEDS` says how many are tried. A seed repeats the faults
//! and what readers and writers do; the cache's own jitter is drawn anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "checker/leaseless.rs"]
mod leaseless;
#[path = "checker/thing.rs"]
mod thing;
#[path = "checker/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use bongsu_cache::contract::Channel;
use bongsu_cache::memory::{MemoryBackplane, MemoryL2};
use bongsu_cache::testing::{BackplaneFaults, Bound, Dice, L2Faults};
use bongsu_cache::{EntryOptions, HubBuilder, Reconciliation};
use tokio::time::sleep;

use leaseless::Leaseless;
use world::{Also, Counting, Found, LogUse, Plan, Tiers, World};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
const PROCESSES: usize = 3;
/// Reads of one seed. With the default number of seeds, the tests here make more than a million.
const READS: u64 = 30_000;
const SEEDS: u64 = 9;

/// What the crate declares: two seconds, while channels may fail unnoticed for two and a half heartbeats; two seconds
/// after the shared tier works again; a life in it else.
const DECLARED: Bound = Bound {
    usual: Duration::from_secs(2),
    after_trouble: Duration::from_secs(2),
    at_most: Duration::from_secs(140),
};

fn plan(seed: u64) -> Plan {
    Plan {
        seed,
        things: 60,
        readers_per_process: 4,
        writers_per_process: 2,
        reads: READS,
        all_faults: false,
        burst: 6,
        read_pause: 60 * MILLI,
        write_pause: 150 * MILLI,
        source_time: 20 * MILLI,
        source_fails: 0,
        second_writes: 200,
        bound: DECLARED,
        also: Also::EVERYTHING,
    }
}

fn options() -> EntryOptions {
    EntryOptions::new().with_ttl(120 * SECOND).with_l1_ttl(60 * SECOND)
}

fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    match number("BONGSU_CHECKER_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("BONGSU_CHECKER_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

/// The same tier for all processes, in this one.
struct Servers {
    l2: Arc<MemoryL2>,
    backplane: Arc<MemoryBackplane>,
}

impl Servers {
    fn new() -> Self {
        Self { l2: Arc::new(MemoryL2::new()), backplane: Arc::new(MemoryBackplane::new()) }
    }

    fn tiers(&self) -> Vec<Tiers> {
        let tiers = || -> Tiers { (self.l2.clone(), self.backplane.clone()) };
        (0..PROCESSES).map(|_| tiers()).collect()
    }
}

/// Runs a world on a clock that only moves when everybody waits.
fn run(name: &str, seed: u64, schedule: impl AsyncFn(u64) -> Found) -> Found {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let found = runtime.block_on(schedule(seed));
    // The stories follow where they matter: in what an assertion says.
    println!("{name}, BONGSU_CHECKER_SEED={seed}: {found}");
    found
}

/// With every seed, every read is explained.
fn assert_explained(name: &str, schedule: impl AsyncFn(u64) -> Found) {
    for seed in seeds() {
        run(name, seed, &schedule).assert_explained();
    }
}

/// With one of the seeds at least, the judges find what they are there for.
fn assert_found(name: &str, schedule: impl AsyncFn(u64) -> Found) {
    let found = seeds().into_iter().any(|seed| run(name, seed, &schedule).unexplained() > 0);
    assert!(found, "a checker that cannot fail proves nothing");
}

async fn world(plan: Plan, tiers: Vec<Tiers>) -> Arc<World> {
    World::new(plan, tiers, options(), |builder| builder).await
}

async fn no_faults(_: Arc<World>) {}

/// When nothing fails, only what the checker itself lets happen counts: a commit whose reply was lost waits in a queue
/// for a moment.
const QUIET: Bound = Bound { usual: Duration::from_millis(150), ..DECLARED };

#[test]
fn on_a_quiet_day_an_answer_is_as_old_as_a_message_takes() {
    assert_explained("quiet", async |seed| {
        let world = world(Plan { bound: QUIET, ..plan(seed) }, Servers::new().tiers()).await;
        let found = world.run(World::restarts).await;
        assert_reconciled(&world.end().await);
        found
    });
}

/// The other judge agrees: the cache's own comparison with its source found nothing wrong.
fn assert_reconciled(of_processes: &[Reconciliation]) {
    let compared: u64 = of_processes.iter().map(Reconciliation::compared).sum();
    let wrong: u64 = of_processes.iter().map(Reconciliation::wrong).sum();
    assert!(compared > 0, "{of_processes:?}");
    assert_eq!(wrong, 0, "{of_processes:?}");
}

#[test]
fn under_small_faults_of_everything_every_read_is_explained() {
    assert_explained("small faults", async |seed| {
        let world = world(Plan { source_fails: 20, ..plan(seed) }, Servers::new().tiers()).await;
        world.fail(L2Faults::some(), BackplaneFaults::some());
        let found = world.run(World::restarts).await;
        world.end().await;
        found
    });
}

#[test]
fn while_tiers_and_channels_fail_every_read_is_explained() {
    assert_explained("outages", async |seed| {
        let servers = Servers::new();
        let l2 = Arc::clone(&servers.l2);
        let world = world(Plan { source_fails: 20, ..plan(seed) }, servers.tiers()).await;
        world.fail(
            L2Faults { timeout: 50 * MILLI, ..L2Faults::default() },
            BackplaneFaults { lost_withheld: 500, ..BackplaneFaults::default() },
        );
        let found = world.run(|world| outages(world, l2)).await;
        world.end().await;
        found
    });
}

/// One fault after the other, for as long as the world lives.
async fn outages(world: Arc<World>, l2: Arc<MemoryL2>) {
    let mut dice = Dice::seeded(world.plan.seed ^ 0xFA17);
    while !world.stop.is_cancelled() {
        sleep(SECOND + dice.time_up_to(3 * SECOND)).await;
        let seat = usize::try_from(dice.below(PROCESSES as u64)).unwrap();
        let process = world.process(seat);
        let lasts = 200 * MILLI + dice.time_up_to(3 * SECOND);
        match dice.below(8) {
            0 => {
                let _trouble = world.history.trouble("a process is cut off from the shared tier");
                process.l2.cut();
                sleep(lasts).await;
                process.l2.heal();
            }
            1 => {
                let _trouble = world.history.trouble("the shared tier hangs for a process");
                process.l2.hang();
                sleep(lasts).await;
                process.l2.heal();
            }
            2 => {
                let _trouble = world.history.trouble("the shared tier is gone for all");
                world.processes().iter().for_each(|process| process.l2.cut());
                sleep(lasts).await;
                world.processes().iter().for_each(|process| process.l2.heal());
            }
            // A channel that hears nothing and says nothing is to be noticed: no trouble that would excuse anything.
            3 => {
                let deaf: Vec<Channel> = Channel::all().filter(|_| dice.happens(300)).collect();
                deaf.iter().for_each(|channel| process.backplane.deafen(*channel));
                sleep(lasts).await;
                deaf.iter().for_each(|channel| process.backplane.hear(*channel));
            }
            4 => l2.flush(),
            5 => l2.restart(),
            6 => world.kill(seat).await,
            _ => world.restart(seat).await,
        }
    }
}

/// Long loads, and writes that come while others load what the write before changed: what the gate and the leases are
/// for. Then the thing is left alone, and what is wrong stays wrong: nothing else goes on that would put it right.
fn race(seed: u64) -> Plan {
    Plan {
        bound: QUIET,
        writers_per_process: 1,
        write_pause: 300 * MILLI,
        source_time: 60 * MILLI,
        second_writes: 700,
        also: Also::NOTHING,
        ..plan(seed)
    }
}

/// A world of races; answers of the shared tier are slow, too.
async fn racing(seed: u64, tiers: Vec<Tiers>) -> Arc<World> {
    let world = world(race(seed), tiers).await;
    world.fail(
        L2Faults { delayed: 500, delay: 40 * MILLI, ..L2Faults::default() },
        BackplaneFaults::default(),
    );
    world
}

#[test]
fn with_gate_and_leases_the_race_between_loads_and_writes_leaves_nothing_old() {
    assert_explained("race", async |seed| racing(seed, Servers::new().tiers()).await.run(no_faults).await);
}

#[test]
fn without_the_gate_the_checker_finds_old_values() {
    assert_found("no gate", async |seed| {
        let world = racing(seed, Servers::new().tiers()).await;
        world.processes().iter().for_each(|process| process.hub.leave_gate_open());
        world.run(no_faults).await
    });
}

#[test]
fn without_the_leases_the_checker_finds_old_values() {
    assert_found("no leases", async |seed| {
        let leaseless = |(l2, backplane)| -> Tiers { (Arc::new(Leaseless(l2)), backplane) };
        let tiers = Servers::new().tiers().into_iter().map(leaseless).collect();
        racing(seed, tiers).await.run(no_faults).await
    });
}

#[test]
fn deafness_that_nobody_notices_would_be_found() {
    assert_found("no heartbeat", async |seed| {
        // A heartbeat so slow that it never comes: silence is not noticed within the bound.
        let slow = |builder: HubBuilder| builder.heartbeat(20 * SECOND);
        let plan = Plan { also: Also::NOTHING, ..plan(seed) };
        World::new(plan, Servers::new().tiers(), options(), slow).await.run(deafness).await
    });
}

async fn deafness(world: Arc<World>) {
    sleep(SECOND).await;
    Channel::all().for_each(|channel| world.process(0).backplane.deafen(channel));
    world.stop.cancelled().await;
}

/// Only the log brings some of the changes to the cache.
fn fed(seed: u64, log: LogUse) -> Plan {
    Plan { bound: QUIET, also: Also { log, ..Also::NOTHING }, ..plan(seed) }
}

#[test]
fn what_writers_leave_to_the_log_the_applier_brings_within_the_bound() {
    assert_explained("fed by the log", async |seed| {
        world(fed(seed, LogUse::Applied), Servers::new().tiers()).await.run(no_faults).await
    });
}

#[test]
fn without_the_applier_the_checker_finds_old_values() {
    assert_found("the log is passed over", async |seed| {
        world(fed(seed, LogUse::PassedOver), Servers::new().tiers()).await.run(no_faults).await
    });
}

/// Changes of counters, and counts in between.
fn counted(seed: u64, counting: Counting) -> Plan {
    let source_time = 60 * MILLI;
    Plan { bound: QUIET, source_time, also: Also { counting, ..Also::NOTHING }, ..plan(seed) }
}

#[test]
fn counters_whose_changes_were_begun_are_exact() {
    assert_explained("counters", async |seed| {
        world(counted(seed, Counting::Exact), Servers::new().tiers()).await.run(no_faults).await
    });
}

#[test]
fn counters_that_are_only_added_to_afterwards_are_found_wrong() {
    assert_found("counters, added to afterwards", async |seed| {
        world(counted(seed, Counting::AddedAfterwards), Servers::new().tiers()).await.run(no_faults).await
    });
}
