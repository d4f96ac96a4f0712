//! Who calls: a user, or a server of the host app with or without a user to act for.

use bongsu_service::Actor;
use bongsu_service::auth::VerifiedKey;
use bongsu_wire::WireError;

use crate::commands::users;

/// Names the user a server key acts for.
pub(super) const ACTING_USER: &str = "X-Bongsu-User";

/// Who calls.
#[derive(Debug)]
pub(super) enum Caller {
    /// A user by their own token.
    User(Actor),
    /// A server by its key, for a user.
    ServerFor(VerifiedKey, Actor),
    /// A server by its key, for nobody.
    Server(VerifiedKey),
}

impl Caller {
    /// The user in whose name it happens.
    ///
    /// # Errors
    /// `invalid_params` when a server names nobody.
    pub(super) fn actor(&self) -> Result<&Actor, WireError> {
        match self {
            Self::User(actor) | Self::ServerFor(_, actor) => Ok(actor),
            Self::Server(_) => Err(WireError::invalid_params(ACTING_USER, "must name the user to act for")),
        }
    }

    /// The key, for what only servers may do.
    ///
    /// # Errors
    /// `forbidden` when a user calls.
    pub(super) fn key(&self) -> Result<&VerifiedKey, WireError> {
        match self {
            Self::ServerFor(key, _) | Self::Server(key) => Ok(key),
            Self::User(_) => Err(users::only_server_keys()),
        }
    }
}
