//! Why a call or a connection gave nothing.

use std::time::Duration;

use bongsu_types::Outcome;
use bongsu_wire::{ErrorKind, WireError};

use crate::socket::{Closed, ConnectError};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server refused it.
    #[error("{method} refused: {error:?}")]
    Refused {
        /// The method.
        method: &'static str,
        /// What the server says.
        error: Box<WireError>,
    },
    /// The connection ended before the reply.
    #[error("{method}: {closed}")]
    Closed {
        /// The method.
        method: &'static str,
        /// How it ended.
        closed: Closed,
    },
    /// No reply in time.
    #[error("{method}: no reply within {timeout:?}")]
    Timeout {
        /// The method.
        method: &'static str,
        /// How long was waited.
        timeout: Duration,
    },
    /// The reply is not what the protocol says.
    #[error("{method}: unreadable reply ({reason}): {text}")]
    Unreadable {
        /// The method.
        method: &'static str,
        /// What the parser said.
        reason: String,
        /// The reply.
        text: String,
    },
}

impl CallError {
    /// What the server's error is, if it answered with one.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        self.refusal().map(|error| error.kind)
    }

    /// The server's error, if it answered with one.
    #[must_use]
    pub fn refusal(&self) -> Option<&WireError> {
        match self {
            Self::Refused { error, .. } => Some(error),
            Self::Closed { .. } | Self::Timeout { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Whether the call may have happened.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.refusal().map_or(Outcome::Unknown, |error| error.outcome)
    }
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum HelloError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The hello was not answered, or refused.
    #[error(transparent)]
    Hello(#[from] CallError),
}

impl HelloError {
    /// What the server's error is, if it answered hello with one.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Connect(_) => None,
            Self::Hello(error) => error.kind(),
        }
    }
}
