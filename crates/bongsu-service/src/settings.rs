//! A user's own settings of a room.

use bongsu_store::SettingsChange;
use bongsu_types::{RoomId, Settings, UserRev};

use crate::{Actor, Service, ServiceResult, checks};

impl Service {
    /// Changes settings; absent means unchanged. Returns all of them and the user's revision.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidParams` (`custom`), `RoomNotFound`.
    pub async fn change_settings(
        &self,
        actor: &Actor,
        room: RoomId,
        change: SettingsChange,
    ) -> ServiceResult<(Settings, UserRev)> {
        actor.audit("room.settings");
        checks::data("custom", change.custom.as_ref(), &self.limits)?;
        Ok(self.store.change_settings(&actor.user, room, change).await?)
    }
}
