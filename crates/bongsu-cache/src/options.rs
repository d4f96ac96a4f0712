//! How long an entry lives and how hard the cache tries: set by model, overridden by call.

use std::time::Duration;

/// No time of any option is longer: a hundred years. Beyond, moments and milliseconds would not hold it.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What holds for the entries of a model. Built in a `const`; nonsense is refused when the hub is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryOptions {
    /// Life in the shared tier; after it an entry is only good as a stale answer when the source fails.
    pub ttl: Duration,
    /// Life in the process tier; never longer than what is left in the shared one.
    pub l1_ttl: Duration,
    /// Lives differ at random by up to this many percent, so that what was written together does not end together.
    pub jitter_percent: u8,
    /// How long after its end an entry may still answer when the source fails. Zero: never.
    pub stale_if_error: Duration,
    /// After this long a load goes on in the background, if there is a stale value to answer with.
    pub soft_timeout: Duration,
    /// After this long a read that has nothing to answer with fails. The load itself goes on.
    pub hard_timeout: Duration,
    /// After this long a load is given up, and the next reader begins another one: one that hangs for ever would keep
    /// its entry and its place among the loads of the model.
    pub load_timeout: Duration,
    /// Life of "there is no such thing". Zero: absence is not kept.
    pub negative_ttl: Duration,
    /// Early refresh: 1000 is the published optimum of XFetch (Vattani et al., VLDB 2015), 0 turns it off.
    pub xfetch_beta_milli: u16,
    /// Values whose encoded form has more bytes than this are compressed.
    pub compress_over_bytes: u32,
    /// Values whose encoded form has more bytes than this are not cached.
    pub max_bytes: u32,
    /// Who may load at the same time.
    pub lease: LeaseMode,
}

/// How far one load at a time reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseMode {
    /// One load for each process.
    InProcess,
    /// One load among all processes, by a lease in the shared tier.
    CrossProcess {
        /// A lease whose holder died ends by itself after this long: about twice a slow load.
        ttl: Duration,
        /// How long a follower waits for the holder before it loads by itself.
        wait: Duration,
    },
}

impl EntryOptions {
    /// Ten minutes, one of them in the process, ten percent jitter, a minute of stale answers on error.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ttl: Duration::from_secs(600),
            l1_ttl: Duration::from_secs(60),
            jitter_percent: 10,
            stale_if_error: Duration::from_secs(60),
            soft_timeout: Duration::from_millis(500),
            hard_timeout: Duration::from_secs(5),
            load_timeout: Duration::from_secs(30),
            negative_ttl: Duration::from_secs(10),
            xfetch_beta_milli: 1000,
            compress_over_bytes: 2048,
            max_bytes: 1 << 20,
            lease: LeaseMode::CrossProcess { ttl: Duration::from_secs(5), wait: Duration::from_secs(1) },
        }
    }
}

impl Default for EntryOptions {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! with {
    ($($(#[$doc:meta])* $name:ident, $field:ident: $type:ty;)*) => {
        impl EntryOptions {
            $($(#[$doc])* #[must_use] pub const fn $name(mut self, value: $type) -> Self {
                self.$field = value;
                self
            })*
        }
    };
}

with! {
    /// See [`EntryOptions::ttl`].
    with_ttl, ttl: Duration;
    /// See [`EntryOptions::l1_ttl`].
    with_l1_ttl, l1_ttl: Duration;
    /// See [`EntryOptions::jitter_percent`].
    with_jitter_percent, jitter_percent: u8;
    /// See [`EntryOptions::stale_if_error`].
    with_stale_if_error, stale_if_error: Duration;
    /// See [`EntryOptions::soft_timeout`].
    with_soft_timeout, soft_timeout: Duration;
    /// See [`EntryOptions::hard_timeout`].
    with_hard_timeout, hard_timeout: Duration;
    /// See [`EntryOptions::load_timeout`].
    with_load_timeout, load_timeout: Duration;
    /// See [`EntryOptions::negative_ttl`].
    with_negative_ttl, negative_ttl: Duration;
    /// See [`EntryOptions::xfetch_beta_milli`].
    with_xfetch_beta_milli, xfetch_beta_milli: u16;
    /// See [`EntryOptions::compress_over_bytes`].
    with_compress_over_bytes, compress_over_bytes: u32;
    /// See [`EntryOptions::max_bytes`].
    with_max_bytes, max_bytes: u32;
    /// See [`EntryOptions::lease`].
    with_lease, lease: LeaseMode;
}
