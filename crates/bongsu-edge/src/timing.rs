//! How long the edge waits for what.

use std::time::Duration;

/// Durations of a session's life. The defaults are those of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Time for the first frame, which is hello, and for its answer.
    pub hello_within: Duration,
    /// The server pings this often, less up to a tenth; clients are told the same.
    pub ping_every: Duration,
    /// A session from which nothing came for so long is closed.
    pub silence: Duration,
    /// A write that moves nothing for so long ends the session.
    pub stall: Duration,
    /// Acked positions are stored this often, less up to a third.
    pub store_acks_every: Duration,
    /// A failed read of the log or of own rows is tried again after this.
    pub retry_after: Duration,
    /// Sessions that have to ask the store whether they still stand do so within this time, each at another instant.
    pub recheck_within: Duration,
    /// Time for the last frames and the closing of a connection.
    pub close_within: Duration,
    /// Time for the commands in flight when the server is being shut down.
    pub drain_within: Duration,
    /// `session.expiring` comes so long before the token is over.
    pub expiring_before: Duration,
    /// Clients of a server that is being shut down are told to reconnect within this time, each at another instant.
    pub reconnect_within: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            hello_within: Duration::from_secs(5),
            ping_every: Duration::from_secs(25),
            silence: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            store_acks_every: Duration::from_secs(30),
            retry_after: Duration::from_millis(500),
            recheck_within: Duration::from_secs(2),
            close_within: Duration::from_secs(5),
            drain_within: Duration::from_secs(5),
            expiring_before: Duration::from_secs(60),
            reconnect_within: Duration::from_secs(5),
        }
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A fraction of `range` that differs from session to session but not from run to run: `seed` numbers the session,
/// `salt` the purpose. SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) fn jitter(seed: u64, salt: u64, range: Duration) -> Duration {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let thousandths = (z ^ (z >> 31)) % 1_000;
    range.mul_f64(thousandths as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_in_its_range_and_spreads() {
        let range = Duration::from_secs(10);
        let drawn: Vec<Duration> = (0..1_000).map(|seed| jitter(seed, 1, range)).collect();
        assert!(drawn.iter().all(|each| *each < range));
        let early = drawn.iter().filter(|each| **each < range / 2).count();
        assert!((400..600).contains(&early), "{early} of 1000 in the first half");
    }
}
