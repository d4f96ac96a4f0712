//! Accept a direct room that came as a request.

use bongsu_types::RoomId;

use crate::{Actor, ListRow, Service, ServiceResult};

impl Service {
    /// Accepts a request and answers its row. Accepting again changes nothing.
    ///
    /// # Errors
    /// `RoomNotFound`.
    pub async fn accept(&self, actor: &Actor, room: RoomId) -> ServiceResult<ListRow> {
        actor.audit("room.accept");
        self.store.accept(&actor.user, room).await?;
        self.room_row(actor, room).await
    }
}
