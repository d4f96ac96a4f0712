//! A world for the checker: one source with a history, several processes over one shared tier, their readers and
//! writers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::contract::{Backplane, L2};
use bongsu_cache::envelope::Version;
use bongsu_cache::testing::{Bound, Change, Dice, FaultyL2, History, LossyBackplane, Report, Seen};
use bongsu_cache::{Cache, CacheHub, EntryOptions, HubBuilder, Loaded, Lookup};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::thing::Thing;

/// Things whose number is below this share of all have no versions at their source.
const UNVERSIONED_SHARE: f64 = 0.6;

/// How a world is made.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) things: usize,
    pub(crate) readers_per_process: usize,
    pub(crate) writers_per_process: usize,
    /// Reads of all readers together: then the world ends, and the faults with it.
    pub(crate) reads: u64,
    /// Whether readers go on until the faults are over.
    pub(crate) all_faults: bool,
    /// Reads between two pauses of a reader.
    pub(crate) burst: u64,
    /// The longest pause of a reader, and of a writer.
    pub(crate) read_pause: Duration,
    pub(crate) write_pause: Duration,
    /// The longest time that the source takes before, and after, it looks.
    pub(crate) source_time: Duration,
    /// In one thousand loads.
    pub(crate) source_fails: u16,
    /// In one thousand writes: it is followed by another one while others load what the first one changed.
    pub(crate) second_writes: u16,
    pub(crate) bound: Bound,
}

/// One process.
pub(crate) struct Process {
    pub(crate) number: u16,
    pub(crate) hub: CacheHub,
    pub(crate) cache: Cache<Thing>,
    pub(crate) l2: FaultyL2,
    pub(crate) backplane: LossyBackplane,
}

/// All of it.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) history: Arc<History>,
    pub(crate) processes: Vec<Process>,
    pub(crate) stop: CancellationToken,
    reads_left: AtomicU64,
    faults_are_over: AtomicBool,
    /// Reads that were no answer: the source failed, or the time was up.
    pub(crate) failed: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("the source fails by the will of the test")]
pub(crate) struct SourceFails;

impl World {
    /// Processes over these tiers, one for each, settled.
    pub(crate) async fn new(
        plan: Plan,
        tiers: Vec<(Arc<dyn L2>, Arc<dyn Backplane>)>,
        options: EntryOptions,
        adjust: impl Fn(HubBuilder) -> HubBuilder,
    ) -> Arc<Self> {
        let mut processes = Vec::new();
        for (number, (l2, backplane)) in (0..).zip(tiers) {
            let l2 = FaultyL2::new(l2, plan.seed ^ u64::from(number));
            let backplane = LossyBackplane::new(backplane, plan.seed ^ u64::from(number));
            let builder = CacheHub::builder("checker")
                .schema_notice(Duration::from_millis(20))
                .l2(l2.clone())
                .backplane(backplane.clone());
            let hub = adjust(builder).build().unwrap();
            let cache = hub.cache::<Thing>().unwrap().with(options).unwrap();
            processes.push(Process { number, hub, cache, l2, backplane });
        }
        for process in &processes {
            assert!(process.hub.settled(Duration::from_secs(30)).await, "every process settles");
        }
        let history = Arc::new(History::of(plan.things, plan.bound));
        let reads_left = AtomicU64::new(plan.reads);
        let faults_are_over = AtomicBool::new(!plan.all_faults);
        let (stop, failed) = (CancellationToken::new(), AtomicU64::new(0));
        Arc::new(Self { plan, history, processes, stop, reads_left, faults_are_over, failed })
    }

    /// Lets readers and writers run until all reads are done, while `faults` happen. What the checker says.
    pub(crate) async fn run<Fut>(self: &Arc<Self>, faults: impl FnOnce(Arc<Self>) -> Fut) -> Report
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut actors = JoinSet::new();
        let mut dice = Dice::seeded(self.plan.seed);
        for process in 0..self.processes.len() {
            for _ in 0..self.plan.readers_per_process {
                let dice = Dice::seeded(dice.number());
                actors.spawn(Arc::clone(self).read(process, dice));
            }
        }
        let mut others = JoinSet::new();
        for process in 0..self.processes.len() {
            for _ in 0..self.plan.writers_per_process {
                let dice = Dice::seeded(dice.number());
                others.spawn(Arc::clone(self).write(process, dice));
            }
        }
        let (script, world) = (faults(Arc::clone(self)), Arc::clone(self));
        others.spawn(async move {
            script.await;
            world.faults_are_over.store(true, Ordering::Relaxed);
        });
        while let Some(actor) = actors.join_next().await {
            actor.unwrap();
        }
        self.stop.cancel();
        while let Some(other) = others.join_next().await {
            other.unwrap();
        }
        self.history.report()
    }

    /// Ends all processes.
    pub(crate) async fn end(&self) {
        for process in &self.processes {
            process.hub.clone().shutdown().await;
        }
    }

    /// Few things are read and written often, the others now and then.
    fn pick(&self, dice: &mut Dice) -> usize {
        let things = self.plan.things as u64;
        let (one, other) = (dice.below(things), dice.below(things));
        let skewed = if dice.happens(700) { one * other / things } else { one };
        usize::try_from(skewed).unwrap()
    }

    fn has_versions(&self, thing: usize) -> bool {
        thing as f64 >= self.plan.things as f64 * UNVERSIONED_SHARE
    }

    async fn read(self: Arc<Self>, process: usize, mut dice: Dice) {
        loop {
            for _ in 0..self.plan.burst {
                let count = if dice.happens(100) { 8 } else { 1 };
                if self.is_over(count) {
                    return;
                }
                if count == 1 {
                    self.read_one(process, &mut dice).await
                } else {
                    self.read_many(process, &mut dice).await
                }
            }
            sleep(dice.time_up_to(self.plan.read_pause)).await;
        }
    }

    /// Takes reads from what is left; when nothing is, readers end with the faults.
    fn is_over(&self, reads: u64) -> bool {
        let take = |left: u64| left.checked_sub(reads);
        let left = self.reads_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        left.is_err() && self.faults_are_over.load(Ordering::Relaxed)
    }

    async fn read_one(self: &Arc<Self>, process: usize, dice: &mut Dice) {
        let process = &self.processes[process];
        let thing = self.pick(dice);
        let (world, load_dice) = (Arc::clone(self), Dice::seeded(dice.number()));
        let read = self.history.begin();
        let answer =
            process.cache.lookup_or_load(&(thing as u64), move || world.load(thing, load_dice)).await;
        match answer {
            Ok(lookup) => {
                self.history.end(read, thing, seen(&lookup, process.number));
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn read_many(self: &Arc<Self>, process: usize, dice: &mut Dice) {
        let process = &self.processes[process];
        let mut ids: Vec<u64> = (0..8).map(|_| self.pick(dice) as u64).collect();
        ids.sort_unstable();
        ids.dedup();
        let (world, seed) = (Arc::clone(self), dice.number());
        let read = self.history.begin();
        let answer = process
            .cache
            .lookup_many_or_load(&ids, move |missing: Vec<u64>| {
                let world = Arc::clone(&world);
                async move { world.load_many(missing, Dice::seeded(seed)).await }
            })
            .await;
        match answer {
            Ok(lookups) => {
                for id in ids {
                    let lookup = lookups.get(&id).expect("every id is answered");
                    self.history.end(read, usize::try_from(id).unwrap(), seen(lookup, process.number));
                }
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn load(self: Arc<Self>, thing: usize, mut dice: Dice) -> Result<Loaded<Thing>, SourceFails> {
        sleep(dice.time_up_to(self.plan.source_time)).await;
        let loaded = self.loaded(thing);
        sleep(dice.time_up_to(self.plan.source_time)).await;
        if dice.happens(self.plan.source_fails) { Err(SourceFails) } else { Ok(loaded) }
    }

    async fn load_many(
        self: Arc<Self>,
        ids: Vec<u64>,
        mut dice: Dice,
    ) -> Result<std::collections::HashMap<u64, Loaded<Thing>>, SourceFails> {
        sleep(dice.time_up_to(self.plan.source_time)).await;
        let loaded = ids.iter().map(|id| (*id, self.loaded(usize::try_from(*id).unwrap()))).collect();
        sleep(dice.time_up_to(self.plan.source_time)).await;
        if dice.happens(self.plan.source_fails) { Err(SourceFails) } else { Ok(loaded) }
    }

    fn loaded(&self, thing: usize) -> Loaded<Thing> {
        let (version, exists) = self.history.latest(thing);
        let loaded = Loaded::new(exists.then(|| Thing::new(thing as u64, version)));
        if self.has_versions(thing) { loaded.with_version(Version(version)) } else { loaded }
    }

    async fn write(self: Arc<Self>, process: usize, mut dice: Dice) {
        while !self.stop.is_cancelled() {
            let thing = self.pick(&mut dice);
            let change = if dice.happens(100) { Change::Delete } else { Change::Write };
            if self.has_versions(thing) && dice.happens(700) {
                self.write_through(process, thing, change, &mut dice).await;
            } else if dice.happens(200) {
                self.write_some(process, &mut dice).await;
            } else {
                self.change(process, thing, change).await;
                if dice.happens(self.plan.second_writes) {
                    sleep(dice.time_up_to(self.plan.source_time)).await;
                    self.change(process, thing, Change::Write).await;
                }
            }
            sleep(dice.time_up_to(self.plan.write_pause)).await;
        }
    }

    async fn change(&self, process: usize, thing: usize, change: Change) {
        self.history.commit(thing, change);
        let reached = self.processes[process].cache.invalidate(&(thing as u64)).await;
        self.history.note(thing, told(reached));
    }

    async fn write_some(&self, process: usize, dice: &mut Dice) {
        let mut ids: Vec<u64> = (0..4).map(|_| self.pick(dice) as u64).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in &ids {
            self.history.commit(usize::try_from(*id).unwrap(), Change::Write);
        }
        let reached = self.processes[process].cache.invalidate_many(&ids).await;
        for id in ids {
            self.history.note(usize::try_from(id).unwrap(), told(reached));
        }
    }

    /// Sometimes the commit is made and its reply is lost.
    async fn write_through(&self, process: usize, thing: usize, change: Change, dice: &mut Dice) {
        let (before, after) =
            (dice.time_up_to(self.plan.source_time), dice.time_up_to(self.plan.source_time));
        let reply_is_lost = dice.happens(20);
        let commit = async {
            sleep(before).await;
            let version = self.history.commit(thing, change);
            // The change is visible from now on, and the bound counts from now on: short.
            sleep(after / 4).await;
            let value = (change == Change::Write).then(|| Thing::new(thing as u64, version));
            if reply_is_lost { Err(SourceFails) } else { Ok(((), Version(version), value)) }
        };
        match self.processes[process].cache.write_through(&(thing as u64), commit).await {
            Ok(written) => self.history.note(thing, told(written.reached)),
            Err(SourceFails) => self.history.note(thing, "the reply to the commit was lost"),
        }
    }
}

fn seen(lookup: &Lookup<Thing>, reader: u16) -> Seen {
    let value = match lookup {
        Lookup::Hit { value, .. } => {
            assert!(value.is_whole(), "a value is a mixture: {value:?}");
            Some((usize::try_from(value.thing).unwrap(), value.version))
        }
        Lookup::Absent { .. } | Lookup::Miss => None,
    };
    Seen { value, stale: lookup.is_stale(), reader }
}

fn told(reached: bongsu_cache::Invalidated) -> &'static str {
    match reached {
        bongsu_cache::Invalidated::Everywhere => "invalidated everywhere",
        bongsu_cache::Invalidated::LocalAndL2 => "invalidated here and in the shared tier",
        bongsu_cache::Invalidated::QueuedForRetry { .. } => "invalidated here, and queued",
    }
}
