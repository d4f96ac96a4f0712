//! A world for the checker: one source with a history, several processes over one shared tier, and all that goes on in
//! them at the same time.

mod counts;
mod feed;
mod process;
mod readers;
mod upkeep;
mod writers;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use bongsu_cache::testing::{BackplaneFaults, Bound, Change, Dice, History, L2Faults, Report};
use bongsu_cache::{EntryOptions, HubBuilder, Reconciliation};
use tokio::sync::OwnedRwLockReadGuard;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use counts::{CountReport, Counts};
use feed::Log;
use process::Recipe;
pub(crate) use process::{Process, Tiers};

/// Things whose number is below this share of all have no versions at their source.
const UNVERSIONED_SHARE: f64 = 0.6;
/// Changes of every so many-th thing are in the log.
const LOGGED_EVERY: usize = 3;

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
    pub(crate) also: Also,
}

/// What goes on besides readers and writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Also {
    pub(crate) log: LogUse,
    pub(crate) counting: Counting,
    /// One process warms, one changes many things and invalidates the model, all compare themselves with the source.
    pub(crate) upkeep: bool,
}

/// What becomes of the log of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogUse {
    /// There is none: who changes a thing invalidates it.
    None,
    /// Some writers leave the invalidation to the applier.
    Applied,
    /// They do, and the applier moves on without applying.
    PassedOver,
}

/// How counters are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    None,
    /// Begun before the commit.
    Exact,
    /// Added to after the commit, and that is all.
    AddedAfterwards,
}

impl Also {
    pub(crate) const NOTHING: Self = Self { log: LogUse::None, counting: Counting::None, upkeep: false };
    pub(crate) const EVERYTHING: Self =
        Self { log: LogUse::Applied, counting: Counting::Exact, upkeep: true };
}

/// The place of one process after the other.
pub(crate) struct Seat {
    tiers: Tiers,
    process: RwLock<Arc<Process>>,
}

/// All of it.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) history: Arc<History>,
    pub(crate) stop: CancellationToken,
    seats: Vec<Seat>,
    recipe: Recipe,
    /// Of processes that start from now on, too.
    faults: Mutex<(L2Faults, BackplaneFaults)>,
    log: Log,
    counts: Counts,
    reconciled: Mutex<Vec<Reconciliation>>,
    reads_left: AtomicU64,
    faults_are_over: AtomicBool,
    /// Reads that were no answer: the source failed, or the time was up.
    failed: AtomicU64,
}

/// What the judges found.
#[derive(Debug)]
#[must_use]
pub(crate) struct Found {
    pub(crate) things: Report,
    pub(crate) counters: CountReport,
}

#[derive(Debug, thiserror::Error)]
#[error("the source fails by the will of the test")]
pub(crate) struct SourceFails;

impl World {
    /// Processes over these tiers, one for each, settled.
    pub(crate) async fn new(
        plan: Plan,
        tiers: Vec<Tiers>,
        options: EntryOptions,
        adjust: fn(HubBuilder) -> HubBuilder,
    ) -> Arc<Self> {
        let history = Arc::new(History::of(plan.things, plan.bound));
        let reconciled = plan.also.upkeep.then_some(plan.bound.usual);
        let recipe = Recipe { seed: plan.seed, options, adjust, reconciled };
        let start = |(number, tiers): (u16, Tiers)| {
            let process = RwLock::new(Arc::new(recipe.start(number, &tiers, &history)));
            Seat { tiers, process }
        };
        let seats: Vec<Seat> = (0..).zip(tiers).map(start).collect();
        let world = Arc::new(Self {
            history,
            stop: CancellationToken::new(),
            seats,
            recipe,
            faults: Mutex::default(),
            log: Log::default(),
            counts: Counts::new(),
            reconciled: Mutex::default(),
            reads_left: AtomicU64::new(plan.reads),
            faults_are_over: AtomicBool::new(!plan.all_faults),
            failed: AtomicU64::new(0),
            plan,
        });
        for process in world.processes() {
            assert!(process.hub.settled(Duration::from_secs(30)).await, "every process settles");
        }
        world
    }

    /// From now on these faults, for processes that start later too.
    pub(crate) fn fail(&self, l2: L2Faults, backplane: BackplaneFaults) {
        *self.faults.lock().unwrap() = (l2, backplane);
        self.processes().iter().for_each(|process| process.fail((l2, backplane)));
    }

    /// Who has the seat now.
    pub(crate) fn process(&self, seat: usize) -> Arc<Process> {
        Arc::clone(&self.seats[seat].process.read().unwrap())
    }

    pub(crate) fn processes(&self) -> Vec<Arc<Process>> {
        (0..self.seats.len()).map(|seat| self.process(seat)).collect()
    }

    /// Who has the seat now, and does not end before the guard is dropped.
    async fn writing(&self, seat: usize) -> (Arc<Process>, OwnedRwLockReadGuard<()>) {
        loop {
            let process = self.process(seat);
            let writing = Arc::clone(&process.writing).read_owned().await;
            if !process.ends.is_cancelled() {
                return (process, writing);
            }
        }
    }

    /// Lets all actors run until all reads are done, while `faults` happen; then looks at everything once more, when
    /// all should be as usual again. What the judges say.
    pub(crate) async fn run<Fut>(self: &Arc<Self>, faults: impl FnOnce(Arc<Self>) -> Fut) -> Found
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut dice = Dice::seeded(self.plan.seed);
        let mut readers = JoinSet::new();
        for seat in 0..self.seats.len() {
            for _ in 0..self.plan.readers_per_process {
                readers.spawn(Arc::clone(self).read(seat, Dice::seeded(dice.number())));
            }
        }
        let mut others = JoinSet::new();
        self.spawn_writers(&mut others, &mut dice);
        let (script, world) = (faults(Arc::clone(self)), Arc::clone(self));
        others.spawn(async move {
            script.await;
            world.faults_are_over.store(true, Ordering::Relaxed);
        });
        let applying = tokio::spawn(Arc::clone(self).apply_log());
        joined(readers).await;
        self.stop.cancel();
        joined(others).await;
        self.log.closed.cancel();
        applying.await.unwrap();
        self.look_at_everything(dice).await;
        Found { things: self.history.report(), counters: self.counts.report(&self.history) }
    }

    fn spawn_writers(self: &Arc<Self>, others: &mut JoinSet<()>, dice: &mut Dice) {
        let also = self.plan.also;
        for seat in 0..self.seats.len() {
            for _ in 0..self.plan.writers_per_process {
                others.spawn(Arc::clone(self).write(seat, Dice::seeded(dice.number())));
            }
            if also.counting != Counting::None {
                others.spawn(Arc::clone(self).count(seat, Dice::seeded(dice.number())));
            }
        }
        if also.upkeep {
            others.spawn(Arc::clone(self).warm(Dice::seeded(dice.number())));
            others.spawn(Arc::clone(self).replace_many(Dice::seeded(dice.number())));
        }
    }

    /// Nobody writes any more, and the bound has passed: nothing old may be left anywhere.
    async fn look_at_everything(self: &Arc<Self>, mut dice: Dice) {
        sleep(self.plan.bound.usual + self.plan.bound.after_trouble).await;
        for process in self.processes() {
            for thing in 0..self.plan.things {
                self.read_thing(&process, thing, &mut dice).await;
            }
            if self.plan.also.counting != Counting::None {
                self.read_all_counters(&process, &mut dice).await;
            }
        }
    }

    /// Ends all processes. What reconciliation found in all of them.
    pub(crate) async fn end(&self) -> Vec<Reconciliation> {
        for process in self.processes() {
            self.took_leave(&process).await;
        }
        std::mem::take(&mut *self.reconciled.lock().unwrap())
    }

    async fn took_leave(&self, process: &Process) {
        let found = process.end().await;
        self.reconciled.lock().unwrap().push(found);
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

    fn is_in_log(&self, thing: usize) -> bool {
        self.plan.also.log != LogUse::None && thing.is_multiple_of(LOGGED_EVERY)
    }

    /// Changes the source, and its log.
    fn commit(&self, thing: usize, change: Change) -> u64 {
        if self.is_in_log(thing) {
            return self.log.commit(&self.history, thing, change, self.has_versions(thing));
        }
        self.history.commit(thing, change)
    }
}

impl Found {
    pub(crate) fn unexplained(&self) -> u64 {
        self.things.unexplained + self.counters.wrong
    }

    pub(crate) fn assert_explained(&self) {
        self.things.assert_explained();
        assert_eq!(self.counters.wrong, 0, "{}", self.counters.stories.join("\n"));
    }
}

/// Counts, without the stories.
impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things = self.things.to_string();
        out.write_str(things.lines().next().unwrap_or_default())?;
        if self.counters.exact > 0 {
            write!(out, "; {}", self.counters)?;
        }
        Ok(())
    }
}

async fn joined(mut tasks: JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}
