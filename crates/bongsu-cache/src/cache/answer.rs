//! What a read gives, and what a loader brings.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::envelope::Version;
use crate::error::LoadError;
pub use crate::metrics::Tier;

/// What a read found.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// A value.
    Hit {
        /// The value.
        value: Arc<T>,
        /// Where it came from.
        tier: Tier,
        /// It is past its life, or was dropped for want of proof, and the source did not answer (in time).
        stale: bool,
    },
    /// There is no such thing.
    Absent {
        /// Who says so.
        tier: Tier,
        /// See [`Lookup::Hit`].
        stale: bool,
    },
    /// Neither tier knows.
    Miss,
}

impl<T> Clone for Lookup<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Hit { value, tier, stale } => {
                Self::Hit { value: Arc::clone(value), tier: *tier, stale: *stale }
            }
            Self::Absent { tier, stale } => Self::Absent { tier: *tier, stale: *stale },
            Self::Miss => Self::Miss,
        }
    }
}

impl<T> Lookup<T> {
    pub(crate) fn of(value: Option<Arc<T>>, tier: Tier, stale: bool) -> Self {
        match value {
            Some(value) => Self::Hit { value, tier, stale },
            None => Self::Absent { tier, stale },
        }
    }

    /// The value, if there is one.
    #[must_use]
    pub fn into_value(self) -> Option<Arc<T>> {
        match self {
            Self::Hit { value, .. } => Some(value),
            Self::Absent { .. } | Self::Miss => None,
        }
    }

    /// Whether the answer may be outdated beyond what the options promise.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        match self {
            Self::Hit { stale, .. } | Self::Absent { stale, .. } => *stale,
            Self::Miss => false,
        }
    }
}

/// What a loader brings. Made from `T` or `Option<T>`; `None` is "there is no such thing".
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Loaded<T> {
    pub(crate) value: Option<T>,
    pub(crate) version: Option<Version>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) keep: bool,
}

impl<T> Loaded<T> {
    /// A value, or that there is none.
    pub fn new(value: Option<T>) -> Self {
        Self { value, version: None, ttl: None, keep: true }
    }

    /// Its version in the source: a newer one that stands in the shared tier is never replaced by an older one.
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// A life of its own instead of the model's. (Absence keeps the model's negative one.)
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// What the loader brought, or nothing.
    #[must_use]
    pub fn into_value(self) -> Option<T> {
        self.value
    }

    /// Answers this read and is not kept.
    pub fn not_kept(mut self) -> Self {
        self.keep = false;
        self
    }
}

impl<T> From<Option<T>> for Loaded<T> {
    fn from(value: Option<T>) -> Self {
        Self::new(value)
    }
}

impl<T> From<T> for Loaded<T> {
    fn from(value: T) -> Self {
        Self::new(Some(value))
    }
}

/// How a flight ends, for all who wait for it.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Answer { value: Option<Arc<T>>, tier: Tier, load_time: Duration },
    Failed(Failure),
}

/// Without the error's type: flights are keyed by it.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    Source(Arc<dyn Any + Send + Sync>),
    Panicked,
    TooBusy,
    GivenUp,
    Shutdown,
}

impl<T> Clone for Outcome<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Answer { value, tier, load_time } => {
                Self::Answer { value: value.clone(), tier: *tier, load_time: *load_time }
            }
            Self::Failed(failure) => Self::Failed(failure.clone()),
        }
    }
}

impl Failure {
    pub(crate) fn into_error<E: Send + Sync + 'static>(self) -> LoadError<E> {
        match self {
            Self::Source(error) => match error.downcast() {
                Ok(error) => LoadError::Source(error),
                // Flights are keyed by the error's type, so this is never reached.
                Err(_) => LoadError::Panicked,
            },
            Self::Panicked => LoadError::Panicked,
            Self::TooBusy => LoadError::TooBusy,
            Self::GivenUp => LoadError::Timeout,
            Self::Shutdown => LoadError::Shutdown,
        }
    }
}
