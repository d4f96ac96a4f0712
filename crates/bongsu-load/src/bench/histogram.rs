//! Latencies counted in buckets: any number of them in a fixed space, each quantile right within one percent.

use std::time::Duration;

/// Buckets per doubling, as a power of two: 128 of them keep the error under 0.8 %.
const STEPS_BITS: u32 = 7;

/// Buckets per doubling.
const STEPS: usize = 1 << STEPS_BITS;

/// Linear up to `STEPS`, then `STEPS` buckets for each doubling up to 64 bits.
const BUCKETS: usize = STEPS * (64 - STEPS_BITS as usize + 1);

/// Durations in nanoseconds, counted log-linearly (the layout of Gil Tene's HdrHistogram).
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_ns: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max_ns: 0 }
    }
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(ns)] += 1;
        self.total += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }

    /// The duration that this part of all does not exceed, 0.5 for the median; zero when nothing was counted.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let rank = ((self.total as f64 * part).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_end(index).min(self.max_ns));
            }
        }
        Duration::ZERO
    }
}

/// Doublings above the linear part.
fn doublings(value: u64) -> u32 {
    (u64::BITS - value.leading_zeros()).saturating_sub(STEPS_BITS + 1)
}

fn bucket(value: u64) -> usize {
    let shift = doublings(value);
    let step = usize::try_from(value >> shift).expect("at most twice STEPS");
    shift as usize * STEPS + step
}

/// The highest value of a bucket.
fn upper_end(index: usize) -> u64 {
    let shift = (index / STEPS).saturating_sub(1);
    let step = (index - shift * STEPS) as u64;
    ((u128::from(step + 1) << shift) - 1).min(u128::from(u64::MAX)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_within_one_percent_above_it() {
        let powers = (0..64).map(|bit| 1u64 << bit);
        for value in powers.flat_map(|power| [power - 1, power, power + 1, power + power / 3]) {
            let end = upper_end(bucket(value));
            assert!(end >= value, "{value} ends at {end}");
            assert!((end - value) as f64 <= value as f64 / 100.0, "{value} ends at {end}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut all = Histogram::default();
        let mut half = Histogram::default();
        for us in 1..=1000 {
            let to = if us % 2 == 0 { &mut all } else { &mut half };
            to.add(Duration::from_micros(us));
        }
        all.merge(&half);
        for (part, us) in [(0.0, 1.0), (0.5, 500.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1000.0)] {
            let found = all.quantile(part).as_secs_f64() * 1e6;
            assert!((found - us).abs() <= us / 100.0, "{part} is {found}, not {us}");
        }
        assert_eq!((all.count(), all.max()), (1000, Duration::from_millis(1)));
        assert_eq!(Histogram::default().quantile(0.99), Duration::ZERO);
    }
}
