//! Where the service's refusals become errors of the protocol: the one table, without a default case.

use bongsu_service::ServiceError;
use bongsu_wire::{ErrorKind, WireError};

/// The error a client gets.
pub(crate) fn wire_error(error: ServiceError) -> WireError {
    let message = error.to_string();
    let of = |kind| WireError::new(kind, message.clone());
    match error {
        ServiceError::InvalidParams { field, reason } => WireError::invalid_params(field, reason),
        ServiceError::TooLarge { field, limit: _, max } => of(ErrorKind::TooLarge).field(field).limit(max),
        ServiceError::LimitReached { limit: _, max } => of(ErrorKind::LimitReached).limit(max),
        ServiceError::RateLimited { retry_after_ms } => {
            of(ErrorKind::RateLimited).retry_after_ms(retry_after_ms)
        }
        ServiceError::Unauthorized => of(ErrorKind::Unauthorized),
        ServiceError::TokenExpired => of(ErrorKind::TokenExpired),
        ServiceError::Forbidden | ServiceError::LastOwner => of(ErrorKind::Forbidden),
        ServiceError::RoomNotFound | ServiceError::MessageNotFound | ServiceError::NotFound => {
            of(ErrorKind::NotFound)
        }
        ServiceError::Conflict => of(ErrorKind::Conflict),
        ServiceError::Overloaded => of(ErrorKind::Overloaded),
        ServiceError::Unavailable { outcome } => of(ErrorKind::Unavailable).outcome(outcome),
        ServiceError::Internal { outcome } => of(ErrorKind::Internal).outcome(outcome),
    }
}
