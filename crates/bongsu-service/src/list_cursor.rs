//! The cursor of the chat list: the sort key of the last row, in a form clients do not read.

use std::cmp::Reverse;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_types::{Head, Millis, OwnRow, RoomId};

use crate::{ServiceError, ServiceResult};

/// Where a row stands: pinned ones first, then the latest activity, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListPosition {
    pinned: Reverse<bool>,
    active_ms: Reverse<Millis>,
    room: RoomId,
}

/// Form of the text: version, pinned, active_ms big-endian, room.
const VERSION: u8 = 1;
const BYTES: usize = 1 + 1 + 8 + 16;

impl ListPosition {
    pub(crate) fn of(own: &OwnRow, head: &Head) -> Self {
        Self { pinned: Reverse(own.settings.pinned), active_ms: Reverse(head.active_ms), room: own.room }
    }

    pub(crate) fn to_cursor(self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.push(u8::from(self.pinned.0));
        bytes.extend_from_slice(&self.active_ms.0.get().to_be_bytes());
        bytes.extend_from_slice(self.room.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn parse(cursor: &str) -> ServiceResult<Self> {
        Self::parsed(cursor).ok_or(ServiceError::InvalidParams {
            field: "cursor",
            reason: "must be one that the server gave",
        })
    }

    fn parsed(cursor: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let pinned = match bytes[..2] {
            [VERSION, 0] => false,
            [VERSION, 1] => true,
            _ => return None,
        };
        let active_ms = u64::from_be_bytes(bytes[2..10].try_into().ok()?);
        let room = RoomId::from_bytes(bytes[10..].try_into().ok()?);
        Some(Self { pinned: Reverse(pinned), active_ms: Reverse(Millis(active_ms)), room })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(pinned: bool, active_ms: u64, room: u8) -> ListPosition {
        ListPosition {
            pinned: Reverse(pinned),
            active_ms: Reverse(Millis(active_ms)),
            room: RoomId::from_bytes([room; 16]),
        }
    }

    #[test]
    fn pinned_rooms_come_first_then_the_latest_then_by_id() {
        let sorted =
            [position(true, 1, 9), position(false, 7, 1), position(false, 7, 2), position(false, 3, 0)];
        assert!(sorted.is_sorted());
    }

    #[test]
    fn a_cursor_names_its_position_again() {
        let there = position(true, 1_789_000_000_000, 7);
        assert_eq!(ListPosition::parse(&there.to_cursor()), Ok(there));
    }

    #[test]
    fn a_cursor_of_ones_own_making_is_refused() {
        let mut other_version = URL_SAFE_NO_PAD.decode(position(false, 1, 1).to_cursor()).unwrap();
        other_version[0] = 2;
        let other_version = URL_SAFE_NO_PAD.encode(other_version);
        for bad in ["", "AA", "not base64!", "AQIAAAAAAAAAAQEBAQEBAQEBAQEBAQEBAQEB", &other_version] {
            assert!(
                matches!(ListPosition::parse(bad), Err(ServiceError::InvalidParams { field: "cursor", .. })),
                "{bad}"
            );
        }
    }
}
