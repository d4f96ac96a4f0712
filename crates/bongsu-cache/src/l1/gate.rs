//! The gate: an invalidation during a load wins.
//!
//! A load samples its key's stripe before it starts and shows the sample when it wants to insert. An invalidation
//! bumps the stripe, so an older sample no longer opens. Stripes are shared by keys: a foreign invalidation costs one
//! insert now and then, never a wrong value.

use crate::sync::{Mutex, MutexGuard, PoisonError};

/// The generations of all stripes.
#[derive(Debug)]
pub(crate) struct Gate {
    stripes: Box<[Mutex<u64>]>,
    /// Lets everything through, so that a checker can show that it finds what the gate prevents.
    #[cfg(feature = "testing")]
    left_open: std::sync::atomic::AtomicBool,
}

impl Gate {
    pub(crate) fn new(stripes: usize) -> Self {
        Self {
            stripes: (0..stripes.max(1)).map(|_| Mutex::new(0)).collect(),
            #[cfg(feature = "testing")]
            left_open: false.into(),
        }
    }

    /// What an insert of this hash must show later.
    pub(crate) fn sample(&self, hash: u128) -> u64 {
        *self.stripe(hash)
    }

    /// The samples of all hashes, see [`Gate::sample_of`].
    pub(crate) fn sample_all(&self) -> Box<[u64]> {
        let lock = |stripe: &Mutex<u64>| *stripe.lock().unwrap_or_else(PoisonError::into_inner);
        self.stripes.iter().map(lock).collect()
    }

    /// What [`Gate::sample`] would have given for this hash.
    pub(crate) fn sample_of(all: &[u64], hash: u128) -> u64 {
        all[index(hash, all.len())]
    }

    /// Runs `insert` if nothing was invalidated since the sample. Invalidations wait meanwhile.
    pub(crate) fn insert<R>(&self, hash: u128, sample: u64, insert: impl FnOnce() -> R) -> Option<R> {
        let generation = self.stripe(hash);
        self.opens(*generation, sample).then(insert)
    }

    /// Like [`Gate::insert`], and closes the gate for all earlier samples: what they would bring is older.
    pub(crate) fn replace<R>(&self, hash: u128, sample: u64, insert: impl FnOnce() -> R) -> Option<R> {
        let mut generation = self.stripe(hash);
        if !self.opens(*generation, sample) {
            return None;
        }
        *generation += 1;
        Some(insert())
    }

    /// Closes the gate for all earlier samples and runs `remove`.
    pub(crate) fn invalidate(&self, hash: u128, remove: impl FnOnce()) {
        let mut generation = self.stripe(hash);
        *generation += 1;
        remove();
    }

    #[cfg(feature = "testing")]
    pub(crate) fn leave_open(&self) {
        self.left_open.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    fn opens(&self, generation: u64, sample: u64) -> bool {
        #[cfg(feature = "testing")]
        if self.left_open.load(std::sync::atomic::Ordering::Relaxed) {
            return true;
        }
        generation == sample
    }

    fn stripe(&self, hash: u128) -> MutexGuard<'_, u64> {
        self.stripes[index(hash, self.stripes.len())].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(hash: u128, stripes: usize) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "any bits of a hash do")]
    let bits = (hash >> 64) as usize;
    bits % stripes
}
