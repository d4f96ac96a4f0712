//! Chance: names that are never used again, and cheap draws for jitter and early refresh.

use std::cell::Cell;

thread_local! {
    /// State of xorshift64* (Vigna, 2016). Seeded from the system once for each thread.
    static STATE: Cell<u64> = Cell::new(number() | 1);
}

/// A number that nobody guesses or draws again. For origins, epochs, tokens.
pub(crate) fn number() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_be_bytes(bytes),
        // Without a source of chance, a hasher's keys are the next best.
        Err(_) => std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0_u8),
    }
}

/// A cheap draw from `0.0..1.0`.
pub(crate) fn fraction() -> f64 {
    STATE.with(|state| {
        let mut drawn = state.get();
        drawn ^= drawn >> 12;
        drawn ^= drawn << 25;
        drawn ^= drawn >> 27;
        state.set(drawn);
        let high = drawn.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let high = high as f64;
        high / 9_007_199_254_740_992.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stay_in_range_and_spread() {
        let drawn: Vec<f64> = (0..10_000).map(|_| fraction()).collect();
        assert!(drawn.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let below_half = drawn.iter().filter(|fraction| **fraction < 0.5).count();
        assert!((4_000..6_000).contains(&below_half), "{below_half}");
    }
}
