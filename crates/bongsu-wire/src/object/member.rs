//! A member as others see it, and a user's own settings of a room.

use bongsu_types::{JsonObject, Millis, OwnRow, Role, Seq, Settings, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{json, number, text};
use crate::schema::*;

/// A member of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberObject {
    /// The user.
    #[serde(with = "text")]
    pub user: UserId,
    /// The role.
    #[serde(with = "text")]
    pub role: Role,
    /// When they joined.
    #[serde(with = "number")]
    pub joined_ms: Millis,
    /// Read up to this record.
    #[serde(with = "number")]
    pub read_seq: Seq,
}

impl From<&OwnRow> for MemberObject {
    fn from(own: &OwnRow) -> Self {
        Self { user: own.user.clone(), role: own.role, joined_ms: own.joined_ms, read_seq: own.read_seq }
    }
}

/// A user's own settings of a room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SettingsObject {
    /// Sorted first in the list.
    pub pinned: bool,
    /// No badge until this instant; 0 when not muted.
    #[serde(with = "number")]
    pub muted_until_ms: Millis,
    /// Out of the list until the next record.
    pub hidden: bool,
    /// The host app's own facts for this user and room.
    #[serde(default, with = "json::option", skip_serializing_if = "Option::is_none")]
    pub custom: Option<JsonObject>,
}

impl SettingsObject {
    /// The wire form of settings in a room whose head is `head`: hiding holds until the next record.
    #[must_use]
    pub fn new(settings: &Settings, head: Seq) -> Self {
        Self {
            pinned: settings.pinned,
            muted_until_ms: settings.muted_until_ms,
            hidden: settings.hidden_seq.is_some_and(|hidden| head <= hidden),
            custom: settings.custom.clone(),
        }
    }
}
