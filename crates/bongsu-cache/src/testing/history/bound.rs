//! How old an answer may be, and when more is allowed because something is wrong.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What a cache declares about the age of its answers: how long after it was superseded a version may still be read
/// without being said to be stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// While nothing is wrong.
    pub usual: Duration,
    /// How long after the end of a trouble all is as usual again.
    pub after_trouble: Duration,
    /// Even in trouble: the longest life of an entry.
    pub at_most: Duration,
}

/// Something is wrong until this is dropped.
#[derive(Debug)]
#[must_use = "the trouble ends when this is dropped"]
pub struct Trouble<'a> {
    of: &'a Troubles,
    number: u64,
}

/// All troubles so far. Those that follow each other before all is as usual are one to what was read in them.
#[derive(Debug)]
pub(super) struct Troubles {
    bound: Bound,
    /// By their begin.
    all: Mutex<Vec<Interval>>,
}

#[derive(Debug, Clone)]
struct Interval {
    number: u64,
    what: String,
    began: Instant,
    ended: Option<Instant>,
}

impl Troubles {
    pub(super) fn under(bound: Bound) -> Self {
        Self { bound, all: Mutex::default() }
    }

    pub(super) fn begin(&self, what: &str) -> Trouble<'_> {
        Trouble { number: self.insert(what, Instant::now(), None), of: self }
    }

    pub(super) fn insert(&self, what: &str, began: Instant, ended: Option<Instant>) -> u64 {
        let mut all = self.all();
        let number = all.len() as u64;
        let place = all.partition_point(|other| other.began <= began);
        all.insert(place, Interval { number, what: what.to_owned(), began, ended });
        number
    }

    /// Whether what was superseded then may still be read now.
    pub(super) fn allow(&self, superseded: Instant, now: Instant) -> bool {
        let age = now.saturating_duration_since(superseded);
        if age <= self.bound.usual {
            return true;
        }
        if age > self.bound.at_most {
            return false;
        }
        // The row of troubles that is felt now must have begun before the value should have been gone.
        self.row_felt(now).is_some_and(|began| began <= superseded + self.bound.usual)
    }

    /// When the first of those troubles began that followed each other before all was as usual, up to one that is felt
    /// now.
    fn row_felt(&self, now: Instant) -> Option<Instant> {
        let mut row: Option<(Instant, Instant)> = None;
        for trouble in self.all().iter().take_while(|trouble| trouble.began <= now) {
            // One that has not ended is felt for as long as anybody asks.
            let felt_until = trouble.ended.map_or(now, |ended| ended + self.bound.after_trouble);
            row = match row {
                Some((began, until)) if trouble.began <= until => Some((began, until.max(felt_until))),
                _ => Some((trouble.began, felt_until)),
            };
        }
        row.filter(|(_, until)| now <= *until).map(|(began, _)| began)
    }

    /// Begin, end and name of each.
    pub(super) fn told(&self) -> Vec<(Instant, Option<Instant>, String)> {
        self.all().iter().map(|trouble| (trouble.began, trouble.ended, trouble.what.clone())).collect()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Interval>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Trouble<'_> {
    fn drop(&mut self) {
        let mut all = self.of.all();
        let this = all.iter_mut().find(|trouble| trouble.number == self.number);
        this.expect("troubles are never taken out").ended = Some(Instant::now());
    }
}
