//! The session: hello, token refresh, acks, ping.

use std::collections::BTreeMap;

use bongsu_types::{DeviceId, DeviceInfo, Epoch, Limits, Millis, RoomId, Seq, UserId, UserRev};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{is_false, number, object, present, text};
use crate::schema::*;
use crate::{Change, RoomPage};

/// `session.hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    /// The user's token.
    #[serde(with = "text")]
    pub token: String,
    /// The device this client runs on.
    #[serde(with = "object")]
    pub device: DeviceParam,
    /// Epoch the client knows.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// Revision of the own facts the client knows.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub user_rev: Option<UserRev>,
    /// Positions not yet known to be stored; the server's own count for every other room.
    #[serde(default, with = "number::by_room", skip_serializing_if = "BTreeMap::is_empty")]
    pub cursors: BTreeMap<RoomId, Seq>,
    /// Rows of the chat list to answer at once.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub list: Option<u32>,
}

/// What a client says of its device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceParam {
    /// Named by the client, kept over restarts.
    #[serde(with = "text")]
    pub id: DeviceId,
    /// For example `ios`, `android`, `web`.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// For people.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub name: String,
}

impl From<DeviceParam> for DeviceInfo {
    fn from(DeviceParam { id, platform, name }: DeviceParam) -> Self {
        Self { id, platform, name }
    }
}

/// Answer to `session.hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HelloResult {
    /// Names the session in logs.
    #[serde(with = "text")]
    pub session: String,
    /// Whose session it is.
    #[serde(with = "text")]
    pub user: UserId,
    /// The positions of the device stand, and the records after them follow. Else: drop all but unsent messages.
    pub resumed: bool,
    /// Generation of the store.
    #[serde(with = "number")]
    pub epoch: Epoch,
    /// Revision of the own facts now.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// Own facts since the client's `user_rev`, ascending.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
    /// Instead of `changes`: fetch the chat list anew.
    #[serde(default, skip_serializing_if = "is_false")]
    pub list_reset: bool,
    /// The rows asked for.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    pub list: Option<RoomPage>,
    /// The server's clock.
    #[serde(with = "number")]
    pub now_ms: Millis,
    /// When the token is over.
    #[serde(with = "number")]
    pub expires_ms: Millis,
    /// Call `ping` this often.
    #[serde(with = "number")]
    pub ping_ms: u64,
    /// What this server takes.
    pub limits: LimitsObject,
}

/// The limits a client needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsObject {
    /// Text of a message.
    pub text_bytes: usize,
    /// `data` of a message, room or user, as sent.
    pub data_bytes: usize,
    /// One frame or body.
    pub frame_bytes: usize,
    /// Requests in one batch.
    pub batch_items: usize,
    /// Requests without an answer yet; then the server reads no further.
    pub in_flight: usize,
    /// Items of a page.
    pub page_items: usize,
    /// Users one session watches.
    pub watch_users: usize,
}

impl From<&Limits> for LimitsObject {
    fn from(limits: &Limits) -> Self {
        Self {
            text_bytes: limits.text_bytes,
            data_bytes: limits.data_bytes,
            frame_bytes: limits.frame_bytes,
            batch_items: limits.batch_items,
            in_flight: limits.in_flight,
            page_items: limits.page_items,
            watch_users: limits.watch_users,
        }
    }
}

/// `session.refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refresh {
    /// A newer token of the same user.
    #[serde(with = "text")]
    pub token: String,
}

/// Answer to `session.refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefreshResult {
    /// When the new token is over.
    #[serde(with = "number")]
    pub expires_ms: Millis,
}

/// `session.ack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ack {
    /// Per room the last record applied without a hole.
    #[serde(with = "number::by_room")]
    pub rooms: BTreeMap<RoomId, Seq>,
}

/// `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ping {}

/// Answer to `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PingResult {
    /// The server's clock.
    #[serde(with = "number")]
    pub now_ms: Millis,
}

/// The answer of methods that have nothing to say: `{}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {}
