//! Who answered, and how often.

use std::fmt;

use bongsu_cache::{Lookup, Tier};

/// Of some pages.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    l1: u64,
    l2: u64,
    source: u64,
    counters: u64,
    counted: u64,
}

impl Hits {
    pub(crate) fn add<'a, T: 'a>(&mut self, lookups: impl IntoIterator<Item = &'a Lookup<T>>) {
        for lookup in lookups {
            match lookup {
                Lookup::Hit { tier: Tier::L1, .. } | Lookup::Absent { tier: Tier::L1, .. } => self.l1 += 1,
                Lookup::Hit { tier: Tier::L2, .. } | Lookup::Absent { tier: Tier::L2, .. } => self.l2 += 1,
                Lookup::Hit { .. } | Lookup::Absent { .. } | Lookup::Miss => self.source += 1,
            }
        }
    }

    /// `counted`: how many of them were not there.
    pub(crate) fn add_counters(&mut self, all: u64, counted: u64) {
        self.counters += all;
        self.counted += counted;
    }
}

impl fmt::Display for Hits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: u64, all: u64| 100.0 * part as f64 / all.max(1) as f64;
        let all = self.l1 + self.l2 + self.source;
        write!(
            out,
            "{:.1}% of entries ({:.1}% in the process, {:.1}% in Valkey), {:.1}% of unread counts",
            percent(self.l1 + self.l2, all),
            percent(self.l1, all),
            percent(self.l2, all),
            percent(self.counters - self.counted, self.counters)
        )
    }
}
