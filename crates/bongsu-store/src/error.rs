//! How a store says no: refusals are data, failures say what is known.

use bongsu_types::Outcome;

/// The result of every store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store understood and says no; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not: disk, deadline, shutdown.
    #[error("store failed ({outcome:?}): {reason}")]
    Failed {
        /// Whether it may have happened. Reads are always `NotApplied`.
        outcome: Outcome,
        /// For the log; never bodies or secrets.
        reason: String,
    },
    /// The queue to the committer is full; nothing was written.
    #[error("store is overloaded")]
    Overloaded,
}

impl StoreError {
    /// A failure that certainly changed nothing.
    #[must_use]
    pub fn not_applied(reason: impl Into<String>) -> Self {
        Self::Failed { outcome: Outcome::NotApplied, reason: reason.into() }
    }

    /// A failure that may have happened all the same.
    #[must_use]
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Failed { outcome: Outcome::Unknown, reason: reason.into() }
    }
}

/// A no that the caller can understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such room, or the user is not a member: to a stranger a room does not exist.
    #[error("room not found")]
    RoomNotFound,
    /// No such message in what the user may see (swept, in the future, deleted, not a message).
    #[error("message not found")]
    MessageNotFound,
    /// No such user in this room, no such device, no such key.
    #[error("not found")]
    NotFound,
    /// The user's role does not allow it.
    #[error("not allowed for this role")]
    Forbidden,
    /// The idempotency key was used for another request.
    #[error("client_id was used for another request")]
    Conflict,
    /// It would leave the room without an owner.
    #[error("a room keeps at least one owner")]
    LastOwner,
    /// A message would be left without text and data.
    #[error("a message needs text or data")]
    EmptyMessage,
    /// A bound of [`bongsu_types::Limits`] is reached.
    #[error("limit reached: {limit} is {max}")]
    LimitReached {
        /// Field name in `Limits`.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// The token was issued before it was revoked or its device removed.
    #[error("token is revoked")]
    TokenRevoked,
}
