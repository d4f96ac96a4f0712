//! How a user stands to a room, former members included: what the edge asks before it streams records.

use bongsu_types::{OwnRow, Retention, RoomId, RoomKind, UserId};

use crate::{Service, ServiceResult};

/// A user's own row of a room, and the rules of the room that decide what of its log is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The own row; may be a tombstone.
    pub own: OwnRow,
    /// What kind of room it is.
    pub kind: RoomKind,
    /// Members now.
    pub members: u32,
    /// Whether history before a join is readable.
    pub history_before_join: bool,
    /// How long records are kept.
    pub retention: Retention,
}

impl Service {
    /// How `user` stands to `room`; `None` when they never were a member, or the tombstone is gone. What was committed
    /// before the call shows.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn standing(&self, user: &UserId, room: RoomId) -> ServiceResult<Option<Standing>> {
        let standing = self.store.standing(user, room).await?;
        Ok(standing.map(|bongsu_store::Standing { own, head, room }| Standing {
            own,
            kind: room.kind,
            members: head.members,
            history_before_join: room.history_before_join,
            retention: room.retention,
        }))
    }
}
