//! Events that are never stored: typing, presence, and the state of the session.

use bongsu_types::{Millis, RoomId, Seq, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::text::words;
use crate::codec::{number, text};
use crate::schema::*;

/// `typing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypingEvent {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Who.
    #[serde(with = "text")]
    pub user: UserId,
    /// Typing, or stopped.
    pub on: bool,
}

/// `presence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// Who.
    #[serde(with = "text")]
    pub user: UserId,
    /// Came, or went.
    pub online: bool,
    /// When a session of this user was last seen.
    #[serde(with = "number")]
    pub last_active_ms: Millis,
}

/// `session.caught_up`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CaughtUp {
    /// This room; absent means all.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
}

/// `session.lagging`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Lagging {
    /// This room; absent means all.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
}

/// `session.expiring`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Expiring {
    /// When the token is over, and with it the session.
    #[serde(with = "number")]
    pub expires_ms: Millis,
}

/// `session.draining`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Draining {
    /// Reconnect after this long.
    #[serde(with = "number")]
    pub reconnect_after_ms: u64,
}

/// `room.reset`: drop what is held of the room, fetch row and history, then ack `head_seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomReset {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Live records follow after this one.
    #[serde(with = "number")]
    pub head_seq: Seq,
    /// Why.
    #[serde(with = "text")]
    pub reason: ResetReason,
}

/// Why a room is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ResetReason {
    /// More records are missing than one resume streams.
    Backlog,
    /// Records in between were swept.
    Floor,
    /// The store was restored: another epoch.
    Epoch,
}

words! { ResetReason { "backlog" = Backlog, "floor" = Floor, "epoch" = Epoch } }
