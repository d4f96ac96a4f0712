//! Who calls: a user, or a server key with or without a user to act for.

use bongsu_service::Actor;
use bongsu_service::auth::VerifiedKey;
use bongsu_types::DeviceId;
use bongsu_wire::{ErrorKind, WireError};

/// Names the user a server key acts for.
pub(crate) const ACTING_USER: &str = "X-Bongsu-User";

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A user by their own token.
    User {
        /// The user.
        actor: Actor,
        /// The device of the session that calls; HTTP has none.
        device: Option<DeviceId>,
    },
    /// A server of the host app.
    Server {
        /// Its key.
        key: VerifiedKey,
        /// The user it acts for.
        acting: Option<Actor>,
    },
}

impl Caller {
    /// The user in whose name it happens.
    ///
    /// # Errors
    /// When a server key names nobody.
    pub(crate) fn actor(&self) -> Result<&Actor, WireError> {
        match self {
            Self::User { actor, .. } | Self::Server { acting: Some(actor), .. } => Ok(actor),
            Self::Server { acting: None, .. } => {
                Err(WireError::invalid_params(ACTING_USER, "must name the user to act for"))
            }
        }
    }

    /// The key, for what only servers may do.
    ///
    /// # Errors
    /// When a user calls.
    pub(crate) fn key(&self) -> Result<&VerifiedKey, WireError> {
        match self {
            Self::Server { key, .. } => Ok(key),
            Self::User { .. } => Err(WireError::new(ErrorKind::Forbidden, "needs a server key")),
        }
    }

    /// The device that calls, if one does.
    pub(crate) fn device(&self) -> Option<&DeviceId> {
        match self {
            Self::User { device, .. } => device.as_ref(),
            Self::Server { .. } => None,
        }
    }
}
