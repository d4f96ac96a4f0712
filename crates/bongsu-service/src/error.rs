//! How a use case says no: facts of the domain, each with one place in the table of client errors.

use bongsu_store::{Refusal, StoreError};
use bongsu_types::Outcome;

/// The result of every use case.
pub type ServiceResult<T> = Result<T, ServiceError>;

/// Why a use case was not carried out. Unless it says otherwise nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A parameter is not what it has to be.
    #[error("{field} {reason}")]
    InvalidParams {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong with it, for the developer of a client.
        reason: &'static str,
    },
    /// A parameter has too many bytes.
    #[error("{field} is longer than {max} bytes")]
    TooLarge {
        /// Its name on the wire.
        field: &'static str,
        /// Field name in `Limits`.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// A bound of [`bongsu_types::Limits`] is reached.
    #[error("limit reached: {limit} is {max}")]
    LimitReached {
        /// Field name in `Limits`.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// Too often.
    #[error("rate limited")]
    RateLimited {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// The token or key is not valid here.
    #[error("unauthorized")]
    Unauthorized,
    /// The token was valid and no longer is.
    #[error("token expired")]
    TokenExpired,
    /// The actor is known and may not do this.
    #[error("forbidden")]
    Forbidden,
    /// No such room, or the actor is not a member: to a stranger a room does not exist.
    #[error("room not found")]
    RoomNotFound,
    /// No such message in what the actor may see.
    #[error("message not found")]
    MessageNotFound,
    /// No such user, device or key.
    #[error("not found")]
    NotFound,
    /// The idempotency key was used for another request.
    #[error("client_id was used for another request")]
    Conflict,
    /// It would leave the room without an owner.
    #[error("a room keeps at least one owner")]
    LastOwner,
    /// The store has more to do than it can take now.
    #[error("overloaded")]
    Overloaded,
    /// The store gave no answer.
    #[error("unavailable")]
    Unavailable {
        /// Whether it may have happened.
        outcome: Outcome,
    },
    /// A fault of ours.
    #[error("internal error")]
    Internal {
        /// Whether it may have happened.
        outcome: Outcome,
    },
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            // The reason is in the log line of the store's guard.
            StoreError::Failed { outcome, reason: _ } => Self::Unavailable { outcome },
            StoreError::Overloaded => Self::Overloaded,
        }
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RoomNotFound => Self::RoomNotFound,
            Refusal::MessageNotFound => Self::MessageNotFound,
            Refusal::NotFound => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
            Refusal::Conflict => Self::Conflict,
            Refusal::LastOwner => Self::LastOwner,
            Refusal::EmptyMessage => Self::InvalidParams { field: "text", reason: EMPTY_MESSAGE },
            Refusal::LimitReached { limit, max } => Self::LimitReached { limit, max },
            Refusal::TokenRevoked => Self::Unauthorized,
        }
    }
}

/// Said of a message that would have neither.
pub(crate) const EMPTY_MESSAGE: &str = "must not be empty when there is no data";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_failed_says_whether_it_may_have_happened() {
        let unknown = ServiceError::from(StoreError::unknown("disk on fire"));
        assert_eq!(unknown, ServiceError::Unavailable { outcome: Outcome::Unknown });
        assert_eq!(unknown.to_string(), "unavailable", "reasons are for the log");
        let not_applied = ServiceError::from(StoreError::not_applied("deadline"));
        assert_eq!(not_applied, ServiceError::Unavailable { outcome: Outcome::NotApplied });
        assert_eq!(ServiceError::from(StoreError::Overloaded), ServiceError::Overloaded);
    }
}
