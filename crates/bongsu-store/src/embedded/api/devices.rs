//! Devices: who may connect, where each device stands, and what others see of its user.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use async_trait::async_trait;
use bongsu_types::{
    Device, DeviceId, Head, Millis, OwnRow, Profile, RoomId, Seq, ServerKey, UserId, UserRev,
};

use crate::embedded::decide::devices::{RemoveDevice, StoreCursors};
use crate::embedded::decide::people::{PutServerKey, RevokeUser, UpsertUsers};
use crate::embedded::keys::{self, SLOTS_PER_ROW};
use crate::embedded::row::people::{Cursors, StoredDevice, decode_server_key};
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{EmbeddedStore, View};
use crate::{Devices, Hello, Opened, ProfileChange, StoreError, StoreResult};

#[async_trait]
impl Devices for EmbeddedStore {
    async fn hello(&self, hello: Hello) -> StoreResult<Opened> {
        let (user, device) = (hello.user.clone(), hello.device.id.clone());
        let session = self.submit(hello).await?;
        let cursors = self.positions(&user, &device).await?;
        Ok(Opened {
            epoch: session.epoch,
            session_no: session.session_no,
            resumed: session.resumed,
            user_rev: session.user_rev,
            cursors,
        })
    }

    async fn store_cursors(
        &self,
        user: &UserId,
        device: &DeviceId,
        cursors: &[(RoomId, Seq)],
        active_ms: Millis,
    ) -> StoreResult<()> {
        let (user, device) = (user.clone(), device.clone());
        self.submit(StoreCursors { user, device, cursors: cursors.to_vec(), active_ms }).await
    }

    async fn devices(&self, user: &UserId) -> StoreResult<Vec<Device>> {
        let devices = self.view()?.devices_of(user)?.into_iter();
        Ok(devices.filter(StoredDevice::is_active).map(|stored| stored.device).collect())
    }

    async fn remove_device(&self, user: &UserId, device: &DeviceId) -> StoreResult<UserRev> {
        self.submit(RemoveDevice { user: user.clone(), device: device.clone() }).await
    }

    async fn revoke_user(&self, user: &UserId) -> StoreResult<()> {
        self.submit(RevokeUser(user.clone())).await
    }

    async fn revoked_before(&self, user: &UserId) -> StoreResult<Millis> {
        Ok(self.view()?.user(user)?.unwrap_or_default().revoked_ms.unwrap_or_default())
    }

    async fn upsert_users(&self, users: &[(UserId, ProfileChange)]) -> StoreResult<()> {
        self.submit(UpsertUsers(users.to_vec())).await
    }

    async fn profiles(&self, users: &[UserId]) -> StoreResult<Vec<Profile>> {
        let users = users.to_vec();
        self.read_from(self.view()?, users.len(), move |view| {
            let mut profiles = Vec::with_capacity(users.len());
            for user in users {
                profiles.extend(view.profile(&user)?);
            }
            Ok(profiles)
        })
        .await
    }

    async fn put_server_key(&self, key: ServerKey) -> StoreResult<()> {
        self.submit(PutServerKey(key)).await
    }

    async fn server_keys(&self) -> StoreResult<Vec<ServerKey>> {
        let mut found = Vec::new();
        self.view()?.scan_all(Table::ServerKey, &[], &mut |key, value| {
            found.push(decoded(Table::ServerKey, key, decode_server_key(key, value))?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

impl EmbeddedStore {
    /// Where a device stands in every room its user is a member of.
    async fn positions(&self, user: &UserId, device: &DeviceId) -> StoreResult<Vec<(RoomId, Seq)>> {
        let stored = stored_cursors(&self.view()?, user, device)?;
        let memberships = self.person(user).await?.memberships(user)?;
        let rooms: Vec<RoomId> = memberships.iter().map(|own| own.row.room).collect();
        // After the cursors: positions only grow, so none of them is beyond its head.
        let heads = self.heads_of(&rooms).await?;
        let mut positions = Vec::with_capacity(rooms.len());
        for (own, head) in memberships.into_iter().zip(heads) {
            let room = own.row.room;
            let head = head.ok_or_else(|| StoreError::not_applied(format!("room {room} has no head")))?;
            let cursor = stored.get(&own.slot).copied().unwrap_or_default();
            positions.push((room, effective(cursor, &own.row, &head)));
        }
        Ok(positions)
    }
}

/// A room without a cursor starts at the join, never at the head.
pub(super) fn effective(cursor: Seq, row: &OwnRow, head: &Head) -> Seq {
    cursor.max(row.joined_seq.prev()).min(head.seq)
}

/// All stored cursors of a device by slot.
fn stored_cursors(view: &View, user: &UserId, device: &DeviceId) -> StoreResult<BTreeMap<u32, Seq>> {
    let prefix = keys::cursors(user, device);
    let mut cursors = BTreeMap::new();
    view.scan(Table::Cursor, &prefix, &prefix, &mut |key, value| {
        let row = keys::cursor_row(key)
            .and_then(|row| Ok((row, crate::embedded::row::people::decode_cursors(value)?)));
        let (row, slots): (u32, Cursors) = decoded(Table::Cursor, key, row)?;
        cursors.extend(slots.into_iter().map(|(slot, seq)| (row * SLOTS_PER_ROW + u32::from(slot), seq)));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(cursors)
}
