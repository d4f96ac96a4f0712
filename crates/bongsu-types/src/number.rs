//! Positions and instants as newtypes, so that a seq is never passed where an ordinal is meant.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl $name {
            /// The position before the first.
            pub const ZERO: Self = Self(0);

            /// The plain number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The next one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }

            /// The one before, or zero.
            #[must_use]
            pub const fn prev(self) -> Self {
                Self(self.0.saturating_sub(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// Position of a record in a room's log: dense from 1, below 2^53.
    Seq
);
number!(
    /// Count of countable messages in a room up to and including a record.
    Ordinal
);
number!(
    /// Generation of the store: raised by a restore. Order of records is (epoch, seq).
    Epoch
);
number!(
    /// Dense revision of a user's own facts (joined, removed, settings, read position).
    UserRev
);
number!(
    /// Number of a device's session: raised by each hello.
    SessionNo
);
number!(
    /// Number of a commit of the store, dense from 1: the cursor of the tail in the embedded engines.
    CommitNo
);
number!(
    /// An instant in Unix milliseconds. Time is for display and expiry, never for order.
    Millis
);

impl Millis {
    /// This instant plus `ms` milliseconds.
    #[must_use]
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant minus `ms` milliseconds, at least zero.
    #[must_use]
    pub const fn minus(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Milliseconds from `earlier` to this instant, at least zero.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
