//! What one device saw of one room's log, by seq alone: holes, repeats, disorder.

use std::collections::BTreeSet;

use bongsu_types::Seq;

/// Missing seqs remembered one by one; a hole beyond is only counted.
const MISSING_KEPT: u64 = 100_000;

/// What a record's seq means for a device that drops what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next one.
    New,
    /// Seen in an earlier session: delivery is at least once, the device drops it.
    Redelivered,
    /// Seen in this very session: it came twice.
    Repeated,
    /// Records before it are missing.
    Hole {
        /// How many.
        missing: u64,
    },
    /// It was missing and came after its successors.
    Late,
}

/// Where a device stands in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    seen: Seq,
    /// Highest seq of the current session; zero before its first record.
    in_session: Seq,
    missing: BTreeSet<Seq>,
    missing_beyond: u64,
}

impl Sequence {
    /// A device that has everything up to `seen`.
    #[must_use]
    pub fn after(seen: Seq) -> Self {
        Self { seen, in_session: Seq::ZERO, missing: BTreeSet::new(), missing_beyond: 0 }
    }

    /// The highest seq that was applied.
    #[must_use]
    pub fn seen(&self) -> Seq {
        self.seen
    }

    /// Records known to be missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing_beyond + u64::try_from(self.missing.len()).unwrap_or(u64::MAX)
    }

    /// A new connection: what was seen before may come again.
    pub fn new_session(&mut self) {
        self.in_session = Seq::ZERO;
    }

    /// The device fetched everything up to `seq` by other means.
    pub fn jump_to(&mut self, seq: Seq) {
        self.seen = self.seen.max(seq);
        self.missing.retain(|missing| *missing > seq);
        self.missing_beyond = 0;
    }

    /// A record arrived.
    pub fn arrived(&mut self, seq: Seq) -> Step {
        let repeated = seq <= self.in_session;
        self.in_session = self.in_session.max(seq);
        if self.missing.remove(&seq) {
            return Step::Late;
        }
        if seq <= self.seen {
            return if repeated { Step::Repeated } else { Step::Redelivered };
        }
        let missing = seq.0 - self.seen.0 - 1;
        let kept = missing.min(MISSING_KEPT);
        self.missing.extend((seq.0 - kept..seq.0).map(Seq));
        self.missing_beyond += missing - kept;
        self.seen = seq;
        if missing == 0 { Step::New } else { Step::Hole { missing } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_has_is_dropped_and_told_apart_from_what_came_twice() {
        let mut sequence = Sequence::after(Seq(4));
        assert_eq!(sequence.arrived(Seq(5)), Step::New);
        assert_eq!(sequence.arrived(Seq(5)), Step::Repeated);
        sequence.new_session();
        assert_eq!(sequence.arrived(Seq(4)), Step::Redelivered);
        assert_eq!(sequence.arrived(Seq(5)), Step::Redelivered);
        assert_eq!(sequence.arrived(Seq(6)), Step::New);
        assert_eq!(sequence.missing(), 0);
    }

    #[test]
    fn a_hole_is_seen_and_a_late_record_fills_it() {
        let mut sequence = Sequence::after(Seq::ZERO);
        assert_eq!(sequence.arrived(Seq(3)), Step::Hole { missing: 2 });
        assert_eq!(sequence.arrived(Seq(2)), Step::Late);
        assert_eq!(sequence.missing(), 1);
        sequence.jump_to(Seq(3));
        assert_eq!(sequence.missing(), 0);
    }
}
