//! Each method as one function: from its parameters to its answer. Shared by the socket and by REST.

pub(crate) mod devices;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod own;
pub(crate) mod rooms;
pub(crate) mod users;

use bongsu_service::ServiceResult;
use bongsu_wire::WireError;

use crate::error::to_wire;

/// What a method answers.
pub(crate) type Answer<T> = Result<T, WireError>;

/// A page size as use cases take it.
fn limit(limit: Option<u32>) -> Option<usize> {
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The result of a use case, with the client's error.
fn answer<T>(result: ServiceResult<T>) -> Answer<T> {
    result.map_err(to_wire)
}
