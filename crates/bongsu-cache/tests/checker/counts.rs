//! Counters of a world and their judge. While a counter is being changed nobody can say which number is right; once it
//! is left alone, and the declared bound has passed, it is the source's number, exactly.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_cache::contract::OperationId;
use bongsu_cache::testing::{Dice, History};
use bongsu_cache::{CacheId, CounterKey, CounterOptions, IdText};
use tokio::time::{Instant, sleep};

use super::process::Process;
use super::{Counting, SourceFails, World};

/// How many counters there are.
const COUNTERS: u64 = 10;
/// Stories of wrong counts that are told, and those that are kept until all troubles are known.
const STORIES_MAX: usize = 5;
const STORIES_KEPT_MAX: usize = 1_000;

/// Names a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Tally(u64);

impl CacheId for Tally {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
    }
}

impl CounterKey for Tally {
    const MODEL: &'static str = "tally";
    // Short, so that they are seeded again and again.
    const DEFAULTS: CounterOptions = CounterOptions::new().with_ttl(Duration::from_secs(6));
}

/// What was read of counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountReport {
    pub(crate) exact: u64,
    /// While they were changed.
    pub(crate) unsettled: u64,
    pub(crate) within_bound: u64,
    pub(crate) wrong: u64,
    pub(crate) stories: Vec<String>,
}

/// What was seen while it went on.
#[derive(Debug, Default)]
struct Seen {
    exact: u64,
    unsettled: u64,
    /// Neither the number nor seen while it was changed: judged when all troubles are known.
    others: Vec<Other>,
}

#[derive(Debug)]
struct Other {
    began: Instant,
    quiet_since: Instant,
    /// Of the first only.
    story: Option<String>,
}

/// The counters' source.
pub(super) struct Counts {
    all: Vec<Mutex<Count>>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Count {
    value: i64,
    changes_under_way: usize,
    /// When the last change ended.
    quiet_since: Instant,
    last: &'static str,
}

/// A change of a counter is under way until this is dropped.
struct UnderWay<'a> {
    of: &'a Mutex<Count>,
    what: &'static str,
}

impl<'a> UnderWay<'a> {
    fn begin(of: &'a Mutex<Count>, what: &'static str) -> Self {
        of.lock().unwrap().changes_under_way += 1;
        Self { of, what }
    }

    fn commit(&self, by: i64) {
        self.of.lock().unwrap().value += by;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut count = self.of.lock().unwrap();
        count.changes_under_way -= 1;
        count.quiet_since = Instant::now();
        count.last = self.what;
    }
}

impl Counts {
    pub(super) fn new() -> Self {
        let count = |_| {
            Mutex::new(Count { value: 0, changes_under_way: 0, quiet_since: Instant::now(), last: "new" })
        };
        Self { all: (0..COUNTERS).map(count).collect(), seen: Mutex::default() }
    }

    pub(super) fn report(&self, history: &History) -> CountReport {
        let seen = self.seen.lock().unwrap();
        let is_allowed = |other: &&Other| history.allows(other.quiet_since, other.began);
        let (allowed, wrong): (Vec<_>, Vec<_>) = seen.others.iter().partition(is_allowed);
        CountReport {
            exact: seen.exact,
            unsettled: seen.unsettled,
            within_bound: allowed.len() as u64,
            wrong: wrong.len() as u64,
            stories: wrong.iter().filter_map(|other| other.story.clone()).take(STORIES_MAX).collect(),
        }
    }

    fn of(&self, tally: Tally) -> &Mutex<Count> {
        &self.all[usize::try_from(tally.0).unwrap()]
    }

    fn judge(&self, began: Instant, tally: Tally, value: i64, reader: u16) {
        let count = self.of(tally).lock().unwrap();
        let mut seen = self.seen.lock().unwrap();
        if count.changes_under_way > 0 || count.quiet_since >= began {
            seen.unsettled += 1;
        } else if value == count.value {
            seen.exact += 1;
        } else {
            let story = (seen.others.len() < STORIES_KEPT_MAX).then(|| {
                let quiet = began.saturating_duration_since(count.quiet_since).as_secs_f64();
                format!(
                    "counter {}: reader {reader} saw {value}, and it is {} since {quiet:.6} s ({})",
                    tally.0, count.value, count.last
                )
            });
            seen.others.push(Other { began, quiet_since: count.quiet_since, story });
        }
    }
}

impl World {
    pub(super) async fn read_counter(self: &Arc<Self>, process: &Process, dice: &mut Dice) {
        let tally = Tally(dice.below(COUNTERS));
        let began = Instant::now();
        let (world, load_dice) = (Arc::clone(self), Dice::seeded(dice.number()));
        let count = async move || {
            let counted = world.count_in_source(vec![tally], load_dice).await?;
            Ok::<_, SourceFails>(counted[&tally])
        };
        if let Ok(seen) = process.counter.get_or_seed(&tally, count).await {
            self.counts.judge(began, tally, seen, process.number);
        }
    }

    pub(super) async fn read_all_counters(self: &Arc<Self>, process: &Process, dice: &mut Dice) {
        let all: Vec<Tally> = (0..COUNTERS).map(Tally).collect();
        let began = Instant::now();
        let (world, seed) = (Arc::clone(self), dice.number());
        let count = move |missing| Arc::clone(&world).count_in_source(missing, Dice::seeded(seed));
        if let Ok(seen) = process.counter.get_many_or_seed(&all, count).await {
            for (tally, seen) in seen {
                self.counts.judge(began, tally, seen, process.number);
            }
        }
    }

    async fn count_in_source(
        self: Arc<Self>,
        tallies: Vec<Tally>,
        mut dice: Dice,
    ) -> Result<HashMap<Tally, i64>, SourceFails> {
        sleep(dice.time_up_to(self.plan.source_time)).await;
        let counted =
            tallies.iter().map(|tally| (*tally, self.counts.of(*tally).lock().unwrap().value)).collect();
        sleep(dice.time_up_to(self.plan.source_time)).await;
        if dice.happens(self.plan.source_fails) { Err(SourceFails) } else { Ok(counted) }
    }

    /// Changes counters for as long as the world lives.
    pub(super) async fn count(self: Arc<Self>, seat: usize, mut dice: Dice) {
        while self.goes_on_after(dice.time_up_to(4 * self.plan.write_pause)).await {
            let (process, _writing) = self.writing(seat).await;
            let tally = Tally(dice.below(COUNTERS));
            if self.plan.also.counting == Counting::AddedAfterwards {
                self.add_after_commit(&process, tally, &mut dice).await;
                continue;
            }
            match dice.below(10) {
                0 => self.set_to_zero(&process, tally, &mut dice).await,
                1 => self.begin_and_leave(&process, tally, &mut dice).await,
                _ => self.change_exactly(&process, tally, &mut dice).await,
            }
        }
    }

    async fn change_exactly(&self, process: &Process, tally: Tally, dice: &mut Dice) {
        let under_way = UnderWay::begin(self.counts.of(tally), "changed");
        let by = i64::try_from(dice.below(9)).unwrap() - 2;
        let change = process.counter.begin(&tally).await;
        sleep(dice.time_up_to(self.plan.source_time)).await;
        under_way.commit(by);
        sleep(dice.time_up_to(self.plan.source_time)).await;
        // An answer that is not `Applied` removed the counter, or queued its removal.
        let _update = change.committed(by).await;
    }

    /// Nothing was committed, or the reply to a commit was lost.
    async fn begin_and_leave(&self, process: &Process, tally: Tally, dice: &mut Dice) {
        let under_way = UnderWay::begin(self.counts.of(tally), "left in the middle");
        let change = process.counter.begin(&tally).await;
        sleep(dice.time_up_to(self.plan.source_time)).await;
        if dice.happens(500) {
            change.not_committed();
        } else {
            under_way.commit(1);
        }
    }

    async fn set_to_zero(&self, process: &Process, tally: Tally, dice: &mut Dice) {
        let under_way = UnderWay::begin(self.counts.of(tally), "set to zero");
        sleep(dice.time_up_to(self.plan.source_time)).await;
        self.counts.of(tally).lock().unwrap().value = 0;
        let _reached = process.counter.forget(&tally).await;
        drop(under_way);
    }

    /// What `CounterChange` is for: whoever counts between the commit and the addition counts the change, too.
    async fn add_after_commit(&self, process: &Process, tally: Tally, dice: &mut Dice) {
        let under_way = UnderWay::begin(self.counts.of(tally), "added to after its commit");
        under_way.commit(1);
        sleep(dice.time_up_to(2 * self.plan.source_time)).await;
        let once = OperationId(u128::from(dice.number()));
        let _update = process.counter.add_if_present(&tally, 1, Some(once)).await;
    }
}

impl fmt::Display for CountReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "counters: {} exact, {} while they changed, {} within the bound, {} wrong",
            self.exact, self.unsettled, self.within_bound, self.wrong
        )
    }
}
