//! From what a use case says to what a client is told, over the socket and over REST.

use bongsu_service::ServiceError;
use bongsu_service::auth::TokenError;
use bongsu_wire::{ErrorKind, WireError};

/// What is overloaded or unavailable is worth another try after this.
pub(crate) const RETRY_AFTER_MS: u64 = 1_000;

/// The client's error for a refusal or failure of a use case.
pub(crate) fn to_wire(error: ServiceError) -> WireError {
    let message = error.to_string();
    match error {
        ServiceError::InvalidParams { field, reason } => WireError::invalid_params(field, reason),
        ServiceError::TooLarge { field, limit: _, max } => {
            WireError::new(ErrorKind::TooLarge, message).field(field).limit(max)
        }
        ServiceError::LimitReached { limit: _, max } => {
            WireError::new(ErrorKind::LimitReached, message).limit(max)
        }
        ServiceError::RateLimited { retry_after_ms } => {
            WireError::new(ErrorKind::RateLimited, message).retry_after_ms(retry_after_ms)
        }
        ServiceError::Unauthorized => WireError::new(ErrorKind::Unauthorized, message),
        ServiceError::TokenExpired => WireError::new(ErrorKind::TokenExpired, message),
        ServiceError::Forbidden => WireError::new(ErrorKind::Forbidden, message),
        ServiceError::RoomNotFound | ServiceError::MessageNotFound | ServiceError::NotFound => {
            WireError::new(ErrorKind::NotFound, message)
        }
        ServiceError::Conflict | ServiceError::LastOwner => WireError::new(ErrorKind::Conflict, message),
        ServiceError::Overloaded => {
            WireError::new(ErrorKind::Overloaded, message).retry_after_ms(RETRY_AFTER_MS)
        }
        ServiceError::Unavailable { outcome } => {
            WireError::new(ErrorKind::Unavailable, message).retry_after_ms(RETRY_AFTER_MS).outcome(outcome)
        }
        ServiceError::Internal { outcome } => WireError::new(ErrorKind::Internal, message).outcome(outcome),
    }
}

/// The client's error for a token that is not believed: it hears only whether a new one would help.
pub(crate) fn token_to_wire(error: TokenError) -> WireError {
    to_wire(error.into())
}

#[cfg(test)]
mod tests {
    use bongsu_types::Outcome;

    use super::*;

    #[test]
    fn what_a_stranger_asks_for_is_not_found_whatever_is_missing() {
        for error in [ServiceError::RoomNotFound, ServiceError::MessageNotFound, ServiceError::NotFound] {
            assert_eq!(to_wire(error).kind, ErrorKind::NotFound);
        }
    }

    #[test]
    fn a_write_without_an_answer_says_that_it_may_have_happened() {
        let error = to_wire(ServiceError::Unavailable { outcome: Outcome::Unknown });
        assert_eq!(
            (error.kind, error.retry, error.outcome),
            (ErrorKind::Unavailable, true, Outcome::Unknown)
        );
        assert_eq!(error.retry_after_ms, Some(RETRY_AFTER_MS));
        assert_eq!(to_wire(ServiceError::Overloaded).retry_after_ms, Some(RETRY_AFTER_MS));
    }

    #[test]
    fn limits_say_their_number_and_rates_say_when() {
        let error = to_wire(ServiceError::TooLarge { field: "text", limit: "text_bytes", max: 10 });
        assert_eq!((error.field.as_deref(), error.limit), (Some("text"), Some(10)));
        let error = to_wire(ServiceError::RateLimited { retry_after_ms: 70 });
        assert_eq!(error.retry_after_ms, Some(70));
    }
}
