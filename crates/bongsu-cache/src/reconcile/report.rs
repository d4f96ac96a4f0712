//! What reconciliation found: counts by class, and how often the cache is wrong, with an interval.

use std::ops::AddAssign;

/// How an entry that was looked at compares with the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// As the source.
    Match,
    /// Older than the source, and put right by itself within the declared bound.
    StaleWithinBound,
    /// Still older after the bound.
    StaleBeyondBound,
    /// A value of something that does not exist, or of a version that the source never had, still there after the bound.
    Phantom,
    /// "There is no such thing", of something that exists, still said after the bound.
    Missing,
    /// The entry has no version: it cannot be compared.
    Unversioned,
}

/// Counts of entries by class, since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciliation {
    /// See [`Class::Match`].
    pub matched: u64,
    /// See [`Class::StaleWithinBound`].
    pub stale_within_bound: u64,
    /// See [`Class::StaleBeyondBound`].
    pub stale_beyond_bound: u64,
    /// See [`Class::Phantom`].
    pub phantom: u64,
    /// See [`Class::Missing`].
    pub missing: u64,
    /// See [`Class::Unversioned`].
    pub unversioned: u64,
    /// Entries that were invalidated because they were wrong.
    pub repaired: u64,
    /// Questions to the source that failed; their entries are not counted.
    pub source_errors: u64,
    /// Looks at a sample.
    pub rounds: u64,
}

/// A share of all, and where the true one lies with a confidence of 95 percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// As counted.
    pub ratio: f64,
    /// At least this.
    pub low: f64,
    /// At most this.
    pub high: f64,
}

impl Class {
    /// The label of metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Class::Match => "match",
            Class::StaleWithinBound => "stale_within_bound",
            Class::StaleBeyondBound => "stale_beyond_bound",
            Class::Phantom => "phantom",
            Class::Missing => "missing",
            Class::Unversioned => "unversioned",
        }
    }

    /// Whether it breaks what the cache declares.
    pub(super) fn is_wrong(self) -> bool {
        match self {
            Class::StaleBeyondBound | Class::Phantom | Class::Missing => true,
            Class::Match | Class::StaleWithinBound | Class::Unversioned => false,
        }
    }
}

impl Reconciliation {
    /// Entries that were compared.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.matched + self.stale_within_bound + self.wrong()
    }

    /// Entries that were wrong beyond the bound.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.stale_beyond_bound + self.phantom + self.missing
    }

    /// How often the cache is wrong.
    #[must_use]
    pub fn mismatch(&self) -> Interval {
        Interval::wilson(self.wrong(), self.compared())
    }

    pub(super) fn count(&mut self, class: Class) {
        let counter = match class {
            Class::Match => &mut self.matched,
            Class::StaleWithinBound => &mut self.stale_within_bound,
            Class::StaleBeyondBound => &mut self.stale_beyond_bound,
            Class::Phantom => &mut self.phantom,
            Class::Missing => &mut self.missing,
            Class::Unversioned => &mut self.unversioned,
        };
        counter.add_assign(1);
    }
}

impl Interval {
    /// The score interval of a proportion (Wilson, 1927), which stays right for few cases and for none.
    #[must_use]
    pub fn wilson(hits: u64, of: u64) -> Self {
        /// Of the normal distribution, 95 percent lie within so many deviations.
        const DEVIATIONS: f64 = 1.959_964;
        if of == 0 {
            return Self { ratio: 0.0, low: 0.0, high: 1.0 };
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio")]
        let (hits, of) = (hits as f64, of as f64);
        let (ratio, square) = (hits / of, DEVIATIONS * DEVIATIONS);
        let middle = (ratio + square / (2.0 * of)) / (1.0 + square / of);
        let half =
            DEVIATIONS / (1.0 + square / of) * (ratio * (1.0 - ratio) / of + square / (4.0 * of * of)).sqrt();
        Self { ratio, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 0.0005
    }

    #[test]
    fn the_interval_is_wilsons() {
        let none = Interval::wilson(0, 0);
        assert!(close(none.low, 0.0) && close(none.high, 1.0));
        // Worked by hand from the published formula: 0 of 10, 1 of 10 and 50 of 100.
        let none_of_ten = Interval::wilson(0, 10);
        assert!(close(none_of_ten.low, 0.0) && close(none_of_ten.high, 0.2775), "{none_of_ten:?}");
        let one_of_ten = Interval::wilson(1, 10);
        assert!(close(one_of_ten.low, 0.0179) && close(one_of_ten.high, 0.4042), "{one_of_ten:?}");
        let half = Interval::wilson(50, 100);
        assert!(close(half.low, 0.4038) && close(half.high, 0.5962), "{half:?}");
    }
}
