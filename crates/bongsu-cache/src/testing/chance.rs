//! Chance that can be repeated: the n-th dice of a seed always fall alike, whatever else happened before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Hands out dice: which ones depends on the seed and on how many were taken, on nothing else.
#[derive(Debug)]
pub struct Chance {
    seed: u64,
    taken: AtomicU64,
}

/// Random numbers of one occasion (SplitMix64; Steele, Lea and Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Chance {
    /// Everything that follows from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, taken: AtomicU64::new(0) }
    }

    /// The dice of the next occasion.
    pub fn dice(&self) -> Dice {
        let occasion = self.taken.fetch_add(1, Ordering::Relaxed);
        Dice::seeded(self.seed ^ Dice::seeded(occasion).number())
    }
}

impl Dice {
    /// Everything that follows from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder is far below what a test could notice.
        self.number().checked_rem(end).unwrap_or(0)
    }

    /// True in `per_mille` of 1000 cases.
    pub fn happens(&mut self, per_mille: u16) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// A time up to `longest`, to the microsecond.
    pub fn time_up_to(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.below(micros + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_alike_and_another_does_not() {
        let draw = |seed| -> Vec<u64> {
            let chance = Chance::seeded(seed);
            (0..8).map(|_| chance.dice().number()).collect()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn chances_are_about_what_they_say() {
        let mut dice = Dice::seeded(1);
        let hits = (0..10_000).filter(|_| dice.happens(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.time_up_to(Duration::ZERO), Duration::ZERO);
    }
}
