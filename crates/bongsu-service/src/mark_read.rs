//! Move the read mark.

use bongsu_store::MarkedRead;
use bongsu_types::{RoomId, Seq};

use crate::{Actor, Service, ServiceResult};

impl Service {
    /// Reads up to `seq`, clamped to the head; never back. Clears the unread flag.
    ///
    /// # Errors
    /// `RoomNotFound`.
    pub async fn mark_read(&self, actor: &Actor, room: RoomId, seq: Seq) -> ServiceResult<MarkedRead> {
        actor.audit("room.mark_read");
        Ok(self.store.mark_read(&actor.user, room, seq).await?)
    }
}
