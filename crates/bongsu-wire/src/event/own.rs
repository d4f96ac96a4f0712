//! Events for the user's own devices, which carry `user_rev`, and the read marks of others.

use bongsu_types::{DeviceId, Ordinal, OwnChange, OwnFact, RoomId, Seq, UserId, UserRev};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Event;
use crate::codec::{number, text};
use crate::schema::*;
use crate::{ListRow, SettingsObject};

/// `room.joined`: comes before the first record of the room. A client that has the room replaces its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomJoined {
    /// Revision of this fact.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// The full row.
    pub row: ListRow,
    /// Records come from this one on.
    #[serde(with = "number")]
    pub from_seq: Seq,
}

/// `room.removed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomRemoved {
    /// Revision of this fact.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
}

/// `room.read`: the user read, or flagged the room, on one of the devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomRead {
    /// Revision of this fact.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Read up to this record.
    #[serde(with = "number")]
    pub read_seq: Seq,
    /// Its ord.
    #[serde(with = "number")]
    pub read_ord: Ordinal,
    /// Unread at the time.
    #[serde(with = "number")]
    pub unread: u64,
    /// The flag.
    pub marked_unread: bool,
}

/// `room.settings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomSettings {
    /// Revision of this fact.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// The settings now.
    pub settings: SettingsObject,
}

/// `device.removed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceRemoved {
    /// Revision of this fact.
    #[serde(with = "number")]
    pub user_rev: UserRev,
    /// The device.
    #[serde(with = "text")]
    pub device: DeviceId,
}

/// `read.updated`: the last value wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadUpdated {
    /// The room.
    #[serde(with = "text")]
    pub room: RoomId,
    /// Who read.
    #[serde(with = "text")]
    pub user: UserId,
    /// Up to this record.
    #[serde(with = "number")]
    pub read_seq: Seq,
}

impl Event {
    /// The event of an own fact; `None` for a join, whose event is a [`RoomJoined`] with the full row.
    #[must_use]
    pub fn of_own(fact: &OwnFact) -> Option<Self> {
        let OwnFact { room, user_rev, .. } = *fact;
        match &fact.change {
            OwnChange::Joined { .. } => None,
            OwnChange::Removed { .. } => Some(Self::RoomRemoved(RoomRemoved { user_rev, room })),
            OwnChange::Settings(settings) => {
                // At the moment it is hidden, no later record can have come.
                let settings = SettingsObject::new(settings, Seq::ZERO);
                Some(Self::RoomSettings(RoomSettings { user_rev, room, settings }))
            }
            OwnChange::Read { read_seq, read_ord, unread, marked_unread } => {
                let (read_seq, read_ord, unread) = (*read_seq, *read_ord, *unread);
                let marked_unread = *marked_unread;
                Some(Self::RoomRead(RoomRead { user_rev, room, read_seq, read_ord, unread, marked_unread }))
            }
        }
    }

    /// Revision of an own fact: dense per user, a gap means something was missed.
    #[must_use]
    pub fn user_rev(&self) -> Option<UserRev> {
        match self {
            Self::RoomJoined(event) => Some(event.user_rev),
            Self::RoomRemoved(event) => Some(event.user_rev),
            Self::RoomRead(event) => Some(event.user_rev),
            Self::RoomSettings(event) => Some(event.user_rev),
            Self::DeviceRemoved(event) => Some(event.user_rev),
            Self::MessageNew(_)
            | Self::MessageEdited(_)
            | Self::MessageDeleted(_)
            | Self::MessageReaction(_)
            | Self::MemberAdded(_)
            | Self::MemberRemoved(_)
            | Self::MemberRole(_)
            | Self::RoomUpdated(_)
            | Self::ReadUpdated(_)
            | Self::Typing(_)
            | Self::Presence(_)
            | Self::CaughtUp(_)
            | Self::Lagging(_)
            | Self::Expiring(_)
            | Self::Draining(_)
            | Self::RoomReset(_)
            | Self::Unknown { .. } => None,
        }
    }
}
