//! A user's devices, and where they stand.

use bongsu_types::{Device, DeviceId, RoomId, Seq, UserId, UserRev};

use crate::{Actor, Service, ServiceResult};

impl Service {
    /// Active devices of the actor, by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn devices(&self, actor: &Actor) -> ServiceResult<Vec<Device>> {
        actor.audit("device.list");
        Ok(self.store.devices(&actor.user).await?)
    }

    /// Removes a device: its sessions end and tokens issued until now are refused for it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_device(&self, actor: &Actor, device: &DeviceId) -> ServiceResult<UserRev> {
        actor.audit("device.remove");
        Ok(self.store.remove_device(&actor.user, device).await?)
    }

    /// Stores positions a device acked; called when its session closes, on drain, and every 30 s with jitter.
    ///
    /// # Errors
    /// When the store fails: a later call brings newer positions.
    pub async fn store_acks(
        &self,
        user: &UserId,
        device: &DeviceId,
        cursors: &[(RoomId, Seq)],
    ) -> ServiceResult<()> {
        Ok(self.store.store_cursors(user, device, cursors, self.clock.now_ms()).await?)
    }
}
