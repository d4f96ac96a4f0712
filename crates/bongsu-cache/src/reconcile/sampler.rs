//! Which entries are looked at: a uniform sample of what came into the process tier.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::random;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Ids that are kept to choose from.
const IDS_MAX: usize = 4096;

/// A reservoir (algorithm R; Vitter, 1985). Off, and free of charge, until somebody reconciles; a hit never comes here.
#[derive(Debug)]
pub(crate) struct Sampler<I> {
    is_on: AtomicBool,
    reservoir: Mutex<Reservoir<I>>,
}

#[derive(Debug)]
struct Reservoir<I> {
    ids: Vec<I>,
    offered: u64,
}

impl<I: Clone> Sampler<I> {
    pub(crate) fn new() -> Self {
        let reservoir = Reservoir { ids: Vec::new(), offered: 0 };
        Self { is_on: AtomicBool::new(false), reservoir: Mutex::new(reservoir) }
    }

    pub(super) fn start(&self) {
        self.is_on.store(true, Ordering::Relaxed);
    }

    /// An entry of this id is about to come into the process tier.
    pub(crate) fn offer(&self, id: &I) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let mut reservoir = self.lock();
        reservoir.offered += 1;
        if reservoir.ids.len() < IDS_MAX {
            reservoir.ids.push(id.clone());
            return;
        }
        // Beyond this many, the oldest no longer tell of what lives: the sample forgets them faster.
        let place = below(reservoir.offered.min(IDS_MAX as u64 * 8));
        if let Some(seat) = reservoir.ids.get_mut(place) {
            *seat = id.clone();
        }
    }

    /// Up to `count` of the ids, none twice by the same seat.
    pub(super) fn draw(&self, count: usize) -> Vec<I> {
        let mut reservoir = self.lock();
        let seats = reservoir.ids.len();
        for drawn in 0..count.min(seats) {
            let other = drawn + below((seats - drawn) as u64);
            reservoir.ids.swap(drawn, other);
        }
        reservoir.ids.iter().take(count).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Reservoir<I>> {
        self.reservoir.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn below(end: u64) -> usize {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small"
    )]
    let drawn = (random::fraction() * end as f64) as usize;
    drawn.min(usize::try_from(end.saturating_sub(1)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_until_somebody_asks_and_then_a_bounded_sample() {
        let sampler = Sampler::new();
        sampler.offer(&1_u64);
        assert!(sampler.draw(10).is_empty());
        sampler.start();
        for id in 0..20_000_u64 {
            sampler.offer(&id);
        }
        let mut drawn = sampler.draw(IDS_MAX * 2);
        assert_eq!(drawn.len(), IDS_MAX);
        assert!(drawn.iter().any(|id| *id < 10_000) && drawn.iter().any(|id| *id >= 10_000));
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), IDS_MAX);
        assert_eq!(sampler.draw(7).len(), 7);
    }
}
