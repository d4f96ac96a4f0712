//! What can go wrong for a caller. Trouble in the shared tier is not among it.

use std::sync::Arc;
use std::time::Duration;

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The source failed, and there was no stale value to answer with. Shared by all who waited for the same load.
    #[error("the source failed: {0}")]
    Source(Arc<E>),
    /// The loader panicked; for all who waited for it.
    #[error("the loader panicked")]
    Panicked,
    /// Nothing came within the hard timeout: the load goes on and will be found by a later read, until it is given up.
    #[error("the load took longer than its timeout")]
    Timeout,
    /// Too many loads of this model are running, and none ended in time.
    #[error("too many loads of this model are running")]
    TooBusy,
    /// The hub shuts down.
    #[error("the cache shuts down")]
    Shutdown,
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Source(error) => Self::Source(Arc::clone(error)),
            Self::Panicked => Self::Panicked,
            Self::Timeout => Self::Timeout,
            Self::TooBusy => Self::TooBusy,
            Self::Shutdown => Self::Shutdown,
        }
    }
}

/// Why a hub is not built, or a model not taken. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two types have the same model name: their entries would be taken for each other.
    #[error(
        "two types of this hub call themselves `{model}` ({first} and {second}): give one of them another model name"
    )]
    DuplicateModel {
        /// The name.
        model: &'static str,
        /// Who had it.
        first: &'static str,
        /// Who wants it.
        second: &'static str,
    },
    /// A name cannot stand in a key.
    #[error("`{name}` cannot stand in a key: use 1 to 32 of a-z, 0-9 and _")]
    Name {
        /// The name.
        name: String,
    },
    /// An option makes no sense.
    #[error("{whose}: {option} is {value}: {advice}")]
    Option {
        /// The model, or "hub".
        whose: String,
        /// Which.
        option: &'static str,
        /// What it is.
        value: String,
        /// What to do.
        advice: &'static str,
    },
    /// There is no runtime to run background work on.
    #[error("a hub is built inside a tokio runtime: its background work runs there")]
    NoRuntime,
}

impl BuildError {
    pub(crate) fn option(
        whose: &str,
        option: &'static str,
        value: impl std::fmt::Debug,
        advice: &'static str,
    ) -> Self {
        Self::Option { whose: whose.to_owned(), option, value: format!("{value:?}"), advice }
    }
}

/// How far an invalidation reached when the call returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it says whether other processes may still answer with the old value"]
pub enum Invalidated {
    /// This process, the shared tier (confirmed), and the backplane took the word for the others.
    Everywhere,
    /// This process and the shared tier (confirmed). The others were not told: their process tiers hear of it by the
    /// gap on the channel, or end after the configured time if there is no backplane.
    LocalAndL2,
    /// This process. The shared tier did not confirm: the delete is queued, and until then this process does not
    /// believe the shared tier about these entries.
    QueuedForRetry {
        /// What is in the queue.
        pending: usize,
    },
}

/// The time a hub gives itself to end its work.
pub(crate) const SHUTDOWN_WAIT: Duration = Duration::from_secs(5);
