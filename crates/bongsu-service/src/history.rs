//! Read a room's messages.

use bongsu_store::{HistoryFrom, HistoryPage};
use bongsu_types::RoomId;

use crate::{Actor, Service, ServiceResult, checks};

/// Which messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Of which room.
    pub room: RoomId,
    /// Where the page begins.
    pub from: HistoryFrom,
    /// Messages at most, 1 to `page_items`; absent means 50.
    pub limit: Option<usize>,
}

impl Service {
    /// A page of messages as the actor may see them, read in one snapshot with their membership.
    ///
    /// # Errors
    /// `InvalidParams` (`limit`), `RoomNotFound`.
    pub async fn history(&self, actor: &Actor, request: HistoryRequest) -> ServiceResult<HistoryPage> {
        actor.audit("message.history");
        let limit = checks::page(request.limit, &self.limits)?;
        Ok(self.store.history(&actor.user, request.room, request.from, limit).await?)
    }
}
