//! The judge of what was read: a source of truth that remembers when each version was current, and explains every read
//! by it.
//!
//! A read is explained when what it saw was
//! 1. current at some moment between its begin and its end, or
//! 2. no longer current, but not for longer than the declared [`Bound`], or
//! 3. said to be stale by the cache itself.
//!
//! Everything else is a fault of the cache, reported with the story of its thing. A value nobody wrote, one from the
//! future, and one of another thing are never explained.
//!
//! Times are those of one process (`tokio::time`, so a test can stop them). Judging takes one lock of the thing and no
//! memory for what is explained: millions of reads are fine.

mod bound;
mod report;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use self::bound::Troubles;
use self::report::{Event, Happened, Tally};

pub use self::bound::{Bound, Trouble};
pub use self::report::{Report, Unexplained};

/// Reads of a thing, and what else happened to it, that are kept to tell its story.
const STORY_READS_MAX: usize = 16;
const STORY_OTHERS_MAX: usize = 24;

/// A source of truth and the judge of all reads of it. Things are numbered from 0.
#[derive(Debug)]
pub struct History {
    things: Vec<Mutex<Thing>>,
    troubles: Troubles,
    tally: Tally,
    start: Instant,
}

#[derive(Debug)]
struct Thing {
    /// By version: when it became current, and whether the thing exists in it. Version 0 does not.
    versions: Vec<(Instant, bool)>,
    reads: VecDeque<Event>,
    others: VecDeque<Event>,
}

/// What a commit does to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Creates or changes it.
    Write,
    /// It no longer exists.
    Delete,
}

/// A read that has begun.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Read {
    begin: Instant,
}

/// What a read saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The thing and the version, as the value itself says them; nothing if there was no value.
    pub value: Option<(usize, u64)>,
    /// Whether the cache said that it may be stale.
    pub stale: bool,
    /// Who read: a process, a hub, a channel. For the story.
    pub reader: u16,
}

impl History {
    /// Of `things` things, none of which exists yet.
    #[must_use]
    pub fn of(things: usize, bound: Bound) -> Self {
        let start = Instant::now();
        let thing = || {
            Mutex::new(Thing {
                versions: vec![(start, false)],
                reads: VecDeque::new(),
                others: VecDeque::new(),
            })
        };
        Self {
            things: (0..things).map(|_| thing()).collect(),
            troubles: Troubles::under(bound),
            tally: Tally::default(),
            start,
        }
    }

    /// How many things there are.
    #[must_use]
    pub fn things(&self) -> usize {
        self.things.len()
    }

    /// Makes a new version of `thing` current, and answers it.
    ///
    /// # Panics
    /// When there is no such thing; so do all methods that name one.
    pub fn commit(&self, thing: usize, change: Change) -> u64 {
        let mut of = self.thing(thing);
        let version = of.versions.len() as u64;
        let now = Instant::now();
        of.versions.push((now, change == Change::Write));
        of.tell(now, Happened::Committed { version, change });
        version
    }

    /// What a load from the source would find now: the last version, and whether the thing exists in it.
    #[must_use]
    pub fn latest(&self, thing: usize) -> (u64, bool) {
        let of = self.thing(thing);
        let (_, exists) = of.versions[of.versions.len() - 1];
        (of.versions.len() as u64 - 1, exists)
    }

    /// Adds a remark to the story of `thing`: "invalidated, queued for retry".
    pub fn note(&self, thing: usize, what: &'static str) {
        self.thing(thing).tell(Instant::now(), Happened::Noted(what));
    }

    /// A read begins: call it before the cache is asked.
    pub fn begin(&self) -> Read {
        Read { begin: Instant::now() }
    }

    /// A read of `thing` has ended: judges it. True if it is explained by what is known by now.
    pub fn end(&self, read: Read, thing: usize, seen: Seen) -> bool {
        let end = Instant::now();
        let mut of = self.thing(thing);
        let verdict = of.judge(read.begin, end, thing, seen, &self.troubles);
        of.tell(end, Happened::Read { began: read.begin, seen, verdict });
        if verdict.is_explained() {
            self.tally.count(verdict);
            return true;
        }
        let story = self.tally.wants_story().then(|| of.reads.iter().chain(&of.others).cloned().collect());
        drop(of);
        let story = story
            .map(|story| Unexplained::new(thing, seen, verdict, story, self.troubles.told(), self.start));
        self.tally.keep(read.begin, verdict, story);
        false
    }

    /// From now on until the value is dropped, something is wrong that the bound allows to make reads older.
    pub fn trouble(&self, what: &str) -> Trouble<'_> {
        self.troubles.begin(what)
    }

    /// Something was wrong in that time, and is known only now: the machine stood still, for instance. It explains what
    /// was read meanwhile, too.
    pub fn trouble_was(&self, what: &str, began: Instant, ended: Instant) {
        self.troubles.insert(what, began, Some(ended));
    }

    /// Whether what was superseded then may still be read now, by the bound and the troubles: for judges of what has no
    /// versions, a counter for instance.
    #[must_use]
    pub fn allows(&self, superseded: Instant, now: Instant) -> bool {
        self.troubles.allow(superseded, now)
    }

    /// What was found so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.tally.report(&self.troubles)
    }

    fn thing(&self, thing: usize) -> MutexGuard<'_, Thing> {
        self.things[thing].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a read is explained, or why it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Current,
    /// By this much.
    WithinBound(std::time::Duration),
    SaidStale,
    /// By this much.
    TooOld(std::time::Duration),
    NeverWritten,
    OfAnotherThing,
}

impl Verdict {
    fn is_explained(self) -> bool {
        matches!(self, Verdict::Current | Verdict::WithinBound(_) | Verdict::SaidStale)
    }
}

impl Thing {
    fn judge(&self, begin: Instant, end: Instant, thing: usize, seen: Seen, troubles: &Troubles) -> Verdict {
        let version = match seen.value {
            Some((of, _)) if of != thing => return Verdict::OfAnotherThing,
            Some((_, version)) => usize::try_from(version).unwrap_or(usize::MAX),
            // Nothing: the last time before the end when the thing did not exist. Version 0 always qualifies.
            None => self.versions.iter().rposition(|(at, exists)| !exists && *at <= end).unwrap_or(0),
        };
        let is_written = self
            .versions
            .get(version)
            .is_some_and(|(at, exists)| *at <= end && *exists == seen.value.is_some());
        if !is_written {
            return Verdict::NeverWritten;
        }
        let Some((superseded, _)) = self.versions.get(version + 1) else { return Verdict::Current };
        let age = begin.saturating_duration_since(*superseded);
        if *superseded >= begin {
            Verdict::Current
        } else if troubles.allow(*superseded, begin) {
            Verdict::WithinBound(age)
        } else if seen.stale {
            Verdict::SaidStale
        } else {
            Verdict::TooOld(age)
        }
    }

    fn tell(&mut self, at: Instant, happened: Happened) {
        let (story, max) = match happened {
            Happened::Read { .. } => (&mut self.reads, STORY_READS_MAX),
            Happened::Committed { .. } | Happened::Noted(_) => (&mut self.others, STORY_OTHERS_MAX),
        };
        if story.len() == max {
            story.pop_front();
        }
        story.push_back(Event { at, happened });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn history() -> History {
        let bound = Bound { usual: 2 * SECOND, after_trouble: 3 * SECOND, at_most: 60 * SECOND };
        History::of(2, bound)
    }

    fn saw(version: u64) -> Seen {
        Seen { value: Some((0, version)), stale: false, reader: 0 }
    }

    const NOTHING: Seen = Seen { value: None, stale: false, reader: 0 };

    #[tokio::test(start_paused = true)]
    async fn what_was_current_at_some_moment_of_the_read_is_explained() {
        let history = history();
        let first = history.commit(0, Change::Write);
        let read = history.begin();
        advance(60 * SECOND).await;
        let second = history.commit(0, Change::Write);
        assert!(history.end(read, 0, saw(first)));
        assert!(history.end(read, 0, saw(second)));
        assert!(history.end(read, 1, NOTHING));
        let report = history.report();
        assert_eq!((report.current, report.within_bound, report.unexplained), (3, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_value_is_explained_within_the_bound_and_not_after_it() {
        let history = history();
        let first = history.commit(0, Change::Write);
        history.commit(0, Change::Write);
        advance(2 * SECOND).await;
        assert!(history.end(history.begin(), 0, saw(first)));
        advance(Duration::from_millis(1)).await;
        assert!(!history.end(history.begin(), 0, saw(first)));
        assert!(history.end(history.begin(), 0, Seen { stale: true, ..saw(first) }));
        let report = history.report();
        assert_eq!((report.within_bound, report.said_stale, report.unexplained), (1, 1, 1));
        let told = report.to_string();
        assert!(told.contains("thing 0") && told.contains("version 1") && told.contains("2.001"), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn values_of_the_future_of_nobody_and_of_another_thing_are_never_explained() {
        let history = history();
        let read = history.begin();
        assert!(!history.end(read, 0, saw(1)));
        advance(SECOND).await;
        history.commit(0, Change::Write);
        assert!(!history.end(read, 0, Seen { value: Some((1, 1)), ..saw(1) }));
        assert!(!history.end(read, 0, Seen { stale: true, ..saw(9) }));
        assert_eq!(history.report().unexplained, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_judged_by_the_last_time_there_was_nothing() {
        let history = history();
        history.commit(0, Change::Write);
        advance(10 * SECOND).await;
        assert!(!history.end(history.begin(), 0, NOTHING));
        history.commit(0, Change::Delete);
        assert!(history.end(history.begin(), 0, NOTHING));
        history.commit(0, Change::Write);
        advance(SECOND).await;
        assert!(history.end(history.begin(), 0, NOTHING));
        advance(2 * SECOND).await;
        assert!(!history.end(history.begin(), 0, NOTHING));
        assert!(!history.end(history.begin(), 0, saw(2)), "the thing did not exist in version 2");
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_allows_more_until_a_while_after_its_end() {
        let history = history();
        let first = history.commit(0, Change::Write);
        let trouble = history.trouble("the server is gone");
        history.commit(0, Change::Write);
        let superseded = Instant::now();
        advance(50 * SECOND).await;
        assert!(history.end(history.begin(), 0, saw(first)));
        assert!(history.allows(superseded, Instant::now()));
        drop(trouble);
        advance(3 * SECOND).await;
        assert!(history.end(history.begin(), 0, saw(first)));
        advance(Duration::from_millis(1)).await;
        assert!(!history.end(history.begin(), 0, saw(first)));
        assert!(!history.allows(superseded, Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_that_is_known_late_explains_what_was_read_before_it_was_known() {
        let history = history();
        let first = history.commit(0, Change::Write);
        history.commit(0, Change::Write);
        let began = Instant::now();
        advance(3 * SECOND).await;
        assert!(!history.end(history.begin(), 0, saw(first)));
        advance(10 * SECOND).await;
        assert!(!history.end(history.begin(), 0, saw(first)));
        assert_eq!(history.report().unexplained, 2);
        let _later = history.trouble("something else");
        history.trouble_was("the machine stood still", began, began + SECOND);
        let report = history.report();
        assert_eq!((report.within_bound, report.unexplained, report.oldest), (1, 1, 3 * SECOND));
        assert_eq!(report.stories.len(), 1, "the story of the one that is explained is not told: {report}");
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_neither_excuses_what_was_gone_before_nor_what_is_older_than_any_entry() {
        let history = history();
        let first = history.commit(0, Change::Write);
        history.commit(0, Change::Write);
        advance(3 * SECOND).await;
        let _trouble = history.trouble("the server is gone");
        assert!(!history.end(history.begin(), 0, saw(first)));
        let third = history.commit(0, Change::Write);
        history.commit(0, Change::Write);
        advance(61 * SECOND).await;
        assert!(!history.end(history.begin(), 0, saw(third)));
    }
}
