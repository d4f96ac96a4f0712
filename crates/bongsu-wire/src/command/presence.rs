//! Presence: who is online, of those a session watches.

use std::collections::BTreeMap;

use bongsu_types::{Millis, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{number, text};
use crate::schema::*;

/// `presence.watch`: replaces the watched set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Watch {
    /// The set, at most `watch_users`; empty watches nobody.
    #[serde(with = "text::list")]
    pub users: Vec<UserId>,
}

/// Answer to `presence.watch`: those of the set who share a room with the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchResult {
    /// Presence by user.
    #[serde(with = "text::map")]
    pub users: BTreeMap<UserId, PresenceObject>,
}

/// Whether a user is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PresenceObject {
    /// At least one session is open, or closed less than the grace ago.
    pub online: bool,
    /// When a session of this user was last seen; 0 when never.
    #[serde(with = "number")]
    pub last_active_ms: Millis,
}
