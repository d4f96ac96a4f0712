//! Which entries are read, in which order: the same for every cache and in every run.

use std::sync::Arc;

/// Ids that are made before, so that choosing is not what is measured.
pub(crate) const SEQUENCE: usize = 1 << 18;

/// Ids below `keys`, the n-th in proportion to 1 / n.
pub(crate) fn zipf(keys: u64) -> Arc<[u64]> {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=keys)
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect();
    let draw = |number: u64| {
        let part = mixed(number) as f64 / u64::MAX as f64;
        (sums.partition_point(|below| *below < part * sum) as u64).min(keys - 1)
    };
    (0..SEQUENCE as u64).map(draw).collect()
}

/// Every id below `keys` as likely.
pub(crate) fn uniform(number: u64, keys: u64) -> u64 {
    mixed(number) % keys
}

/// SplitMix64 (Steele, Lea, Flood, 2014), the n-th number.
fn mixed(number: u64) -> u64 {
    let state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
