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
    number: usize,
}

/// All troubles so far. Those that follow each other before all is as usual are one to what was read in them.
#[derive(Debug)]
pub(super) struct Troubles {
    bound: Bound,
    all: Mutex<Vec<Interval>>,
}

#[derive(Debug, Clone)]
struct Interval {
    what: String,
    began: Instant,
    ended: Option<Instant>,
    /// Whether it follows another one before all was as usual again.
    continues: bool,
}

impl Troubles {
    pub(super) fn under(bound: Bound) -> Self {
        Self { bound, all: Mutex::default() }
    }

    pub(super) fn begin(&self, what: &str) -> Trouble<'_> {
        let began = Instant::now();
        let mut all = self.all();
        let continues = all.iter().any(|before| self.is_felt(before, began));
        all.push(Interval { what: what.to_owned(), began, ended: None, continues });
        Trouble { of: self, number: all.len() - 1 }
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
        // Of one row of troubles, the first began before the value should have been gone, the last is still felt.
        let all = self.all();
        let Some(last) = all.iter().rposition(|trouble| trouble.began <= now) else { return false };
        if !all[..=last].iter().any(|trouble| self.is_felt(trouble, now)) {
            return false;
        }
        let first = all[..=last].iter().rposition(|trouble| !trouble.continues).unwrap_or(0);
        all[first].began <= superseded + self.bound.usual
    }

    fn is_felt(&self, trouble: &Interval, now: Instant) -> bool {
        trouble.began <= now && trouble.ended.is_none_or(|ended| now <= ended + self.bound.after_trouble)
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
        self.of.all()[self.number].ended = Some(Instant::now());
    }
}
