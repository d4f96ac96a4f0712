//! Flag a room as unread.

use bongsu_types::{RoomId, UserRev};

use crate::{Actor, Service, ServiceResult};

impl Service {
    /// Sets the flag that counts 1 in the badge; moves no position. Returns the user's revision.
    ///
    /// # Errors
    /// `RoomNotFound`.
    pub async fn mark_unread(&self, actor: &Actor, room: RoomId) -> ServiceResult<UserRev> {
        actor.audit("room.mark_unread");
        Ok(self.store.mark_unread(&actor.user, room).await?)
    }
}
