//! The value-history checker over schedules with a stopped clock: several processes, tiers and channels that fail by
//! seeds, and every read explained. And without the gate or without the leases, reads that nothing explains.
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

use bongsu_cache::contract::{Backplane, Channel, L2};
use bongsu_cache::memory::{MemoryBackplane, MemoryL2};
use bongsu_cache::testing::{BackplaneFaults, Bound, Dice, L2Faults, Report};
use bongsu_cache::{EntryOptions, HubBuilder};
use tokio::time::sleep;

use leaseless::Leaseless;
use world::{Plan, World};

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

    fn tiers(&self) -> Vec<(Arc<dyn L2>, Arc<dyn Backplane>)> {
        let tier =
            || (Arc::clone(&self.l2) as Arc<dyn L2>, Arc::clone(&self.backplane) as Arc<dyn Backplane>);
        (0..PROCESSES).map(|_| tier()).collect()
    }
}

/// Runs a world on a clock that only moves when everybody waits.
fn run<Fut>(name: &str, seed: u64, schedule: impl FnOnce() -> Fut) -> Report
where
    Fut: Future<Output = Report>,
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let report = runtime.block_on(schedule());
    // The stories follow where they matter: in what an assertion says.
    let counts = report.to_string().lines().next().map(str::to_owned).unwrap_or_default();
    println!("{name}, BONGSU_CHECKER_SEED={seed}: {counts}");
    report
}

async fn no_faults(_: Arc<World>) {}

fn unchanged(builder: HubBuilder) -> HubBuilder {
    builder
}

/// When nothing fails, only what the checker itself lets happen counts: a commit whose reply was lost waits in a queue
/// for a moment.
const QUIET: Bound = Bound { usual: Duration::from_millis(150), ..DECLARED };

#[test]
fn on_a_quiet_day_an_answer_is_as_old_as_a_message_takes() {
    for seed in seeds() {
        let report = run("quiet", seed, async || {
            let plan = Plan { bound: QUIET, ..plan(seed) };
            let world = World::new(plan, Servers::new().tiers(), options(), unchanged).await;
            let report = world.run(no_faults).await;
            world.end().await;
            report
        });
        report.assert_explained();
    }
}

#[test]
fn under_small_faults_of_everything_every_read_is_explained() {
    for seed in seeds() {
        let report = run("small faults", seed, async || {
            let plan = Plan { source_fails: 20, ..plan(seed) };
            let world = World::new(plan, Servers::new().tiers(), options(), unchanged).await;
            for process in &world.processes {
                process.l2.set(L2Faults::some());
                process.backplane.set(BackplaneFaults::some());
            }
            let report = world.run(no_faults).await;
            world.end().await;
            report
        });
        report.assert_explained();
    }
}

#[test]
fn while_tiers_and_channels_fail_every_read_is_explained() {
    for seed in seeds() {
        let report = run("outages", seed, async || {
            let servers = Servers::new();
            let l2 = Arc::clone(&servers.l2);
            let plan = Plan { source_fails: 20, ..plan(seed) };
            let world = World::new(plan, servers.tiers(), options(), unchanged).await;
            for process in &world.processes {
                process.l2.set(L2Faults { timeout: 50 * MILLI, ..L2Faults::default() });
                process.backplane.set(BackplaneFaults { lost_withheld: 500, ..BackplaneFaults::default() });
            }
            let report = world.run(|world| outages(world, l2)).await;
            world.end().await;
            report
        });
        report.assert_explained();
    }
}

/// One fault after the other, for as long as the world lives.
async fn outages(world: Arc<World>, l2: Arc<MemoryL2>) {
    let mut dice = Dice::seeded(world.plan.seed ^ 0xFA17);
    while !world.stop.is_cancelled() {
        sleep(SECOND + dice.time_up_to(3 * SECOND)).await;
        let process = &world.processes[dice.below(PROCESSES as u64) as usize];
        let lasts = 200 * MILLI + dice.time_up_to(3 * SECOND);
        match dice.below(6) {
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
                world.processes.iter().for_each(|process| process.l2.cut());
                sleep(lasts).await;
                world.processes.iter().for_each(|process| process.l2.heal());
            }
            // A channel that hears nothing and says nothing is to be noticed: no trouble that would excuse anything.
            3 => {
                let deaf: Vec<Channel> = Channel::all().filter(|_| dice.happens(300)).collect();
                deaf.iter().for_each(|channel| process.backplane.deafen(*channel));
                sleep(lasts).await;
                deaf.iter().for_each(|channel| process.backplane.hear(*channel));
            }
            4 => l2.flush(),
            _ => l2.restart(),
        }
    }
}

/// Long loads, and writes that come while others load what the write before changed: what the gate and the leases are
/// for. Then the thing is left alone, and what is wrong stays wrong.
fn race(seed: u64) -> Plan {
    Plan {
        bound: QUIET,
        writers_per_process: 1,
        write_pause: 300 * MILLI,
        source_time: 60 * MILLI,
        second_writes: 700,
        ..plan(seed)
    }
}

/// A world of races; answers of the shared tier are slow, too.
async fn racing(seed: u64, tiers: Vec<(Arc<dyn L2>, Arc<dyn Backplane>)>) -> Arc<World> {
    let world = World::new(race(seed), tiers, options(), unchanged).await;
    for process in &world.processes {
        process.l2.set(L2Faults { delayed: 500, delay: 40 * MILLI, ..L2Faults::default() });
    }
    world
}

#[test]
fn with_gate_and_leases_the_race_between_loads_and_writes_leaves_nothing_old() {
    for seed in seeds() {
        let report = run("race", seed, async || {
            let world = racing(seed, Servers::new().tiers()).await;
            let report = world.run(no_faults).await;
            world.end().await;
            report
        });
        report.assert_explained();
    }
}

#[test]
fn without_the_gate_the_checker_finds_old_values() {
    let found = seeds().into_iter().any(|seed| {
        let report = run("no gate", seed, async || {
            let world = racing(seed, Servers::new().tiers()).await;
            world.processes.iter().for_each(|process| process.hub.leave_gate_open());
            let report = world.run(no_faults).await;
            world.end().await;
            report
        });
        report.unexplained > 0
    });
    assert!(found, "a checker that cannot fail proves nothing");
}

#[test]
fn without_the_leases_the_checker_finds_old_values() {
    let found = seeds().into_iter().any(|seed| {
        let report = run("no leases", seed, async || {
            let leaseless = |(l2, backplane)| (Arc::new(Leaseless(l2)) as Arc<dyn L2>, backplane);
            let world = racing(seed, Servers::new().tiers().into_iter().map(leaseless).collect()).await;
            let report = world.run(no_faults).await;
            world.end().await;
            report
        });
        report.unexplained > 0
    });
    assert!(found, "a checker that cannot fail proves nothing");
}

#[test]
fn deafness_that_nobody_notices_would_be_found() {
    // A heartbeat so slow that it never comes: silence is not noticed within the bound.
    let found = seeds().into_iter().any(|seed| {
        let report = run("no heartbeat", seed, async || {
            let slow = |builder: HubBuilder| builder.heartbeat(20 * SECOND);
            let world = World::new(plan(seed), Servers::new().tiers(), options(), slow).await;
            let report = world.run(deafness).await;
            world.end().await;
            report
        });
        report.unexplained > 0
    });
    assert!(found, "a checker that cannot fail proves nothing");
}

async fn deafness(world: Arc<World>) {
    sleep(SECOND).await;
    Channel::all().for_each(|channel| world.processes[0].backplane.deafen(channel));
    world.stop.cancelled().await;
}
