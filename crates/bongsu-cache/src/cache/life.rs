//! How long entries live: jitter, early refresh, and what the process tier may promise without proof.

use std::time::Duration;

use crate::l1::{L1Entry, Moment};
use crate::random;

/// A draw of XFetch beyond this many load times has a chance of 6 in a million: hits before it need not draw.
const EARLY_WINDOW_LOADS: f64 = 12.0;

/// A life that is shorter by up to `percent`, at random.
pub(crate) fn jittered(life: Duration, percent: u8) -> Duration {
    life.mul_f64(1.0 - f64::from(percent) / 100.0 * random::fraction())
}

/// From when on an entry that ends at `ends` may be refreshed early.
pub(crate) fn early_from(ends: Moment, load_time: Duration, beta_milli: u16) -> Moment {
    ends.before(load_time.mul_f64(beta(beta_milli) * EARLY_WINDOW_LOADS))
}

/// XFetch (Vattani et al., VLDB 2015): refresh when `now - load_time * beta * ln(random) >= ends`. The nearer the end
/// and the slower the load, the likelier; of many readers one or two do it, before the entry is gone for all.
pub(crate) fn refresh_is_due(left: Duration, load_time: Duration, beta_milli: u16) -> bool {
    if beta_milli == 0 {
        return false;
    }
    // `1 - fraction` is never zero, so the logarithm is finite.
    let draw = -(1.0 - random::fraction()).ln();
    load_time.mul_f64(beta(beta_milli) * draw) >= left
}

pub(crate) fn entry_refresh_is_due(entry: &L1Entry, beta_milli: u16, now: Moment) -> bool {
    entry.value.is_some() && refresh_is_due(now.until(entry.ends), entry.load_time(), beta_milli)
}

fn beta(milli: u16) -> f64 {
    f64::from(milli) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn lives_differ_within_the_percentage() {
        let lives: Vec<Duration> = (0..1000).map(|_| jittered(TEN, 10)).collect();
        assert!(lives.iter().all(|life| (Duration::from_secs(9)..=TEN).contains(life)));
        assert!(lives.iter().any(|life| *life < Duration::from_millis(9_500)));
        assert_eq!(jittered(TEN, 0), TEN);
    }

    #[test]
    fn a_refresh_grows_likelier_towards_the_end() {
        let load = Duration::from_millis(100);
        let due = |left| (0..1000).filter(|_| refresh_is_due(left, load, 1000)).count();
        assert_eq!(due(TEN), 0, "a hundred load times ahead");
        assert!(due(Duration::from_millis(100)) > 250, "about 37 percent");
        assert_eq!(due(Duration::ZERO), 1000);
        assert!(!refresh_is_due(Duration::ZERO, load, 0), "switched off");
    }
}
