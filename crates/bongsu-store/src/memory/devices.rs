//! Devices of the reference engine: sessions, cursors, profiles and server keys.

use async_trait::async_trait;
use bongsu_types::{
    Device, DeviceId, Fact, Millis, Profile, RoomId, Seq, ServerKey, SessionNo, UserId, UserRev,
};

use crate::memory::MemoryStore;
use crate::memory::change::Change;
use crate::memory::messages::cleared_if_empty;
use crate::memory::state::{DeviceState, State};
use crate::{Devices, Hello, Opened, ProfileChange, Refusal, StoreResult};

#[async_trait]
impl Devices for MemoryStore {
    async fn hello(&self, hello: Hello) -> StoreResult<Opened> {
        self.change(|change| open_session(change, hello))
    }

    async fn store_cursors(
        &self,
        user: &UserId,
        device: &DeviceId,
        cursors: &[(RoomId, Seq)],
        active_ms: Millis,
    ) -> StoreResult<()> {
        self.change(|change| {
            let Some(state) = find_active(change.state(), user, device) else { return Ok(()) };
            if active_ms > state.device.last_active_ms {
                write_device(change, user, device).device.last_active_ms = active_ms;
            }
            merge_cursors(change, user, device, cursors);
            Ok(())
        })
    }

    async fn devices(&self, user: &UserId) -> StoreResult<Vec<Device>> {
        Ok(self.state().active_devices(user).map(|state| state.device.clone()).collect())
    }

    async fn remove_device(&self, user: &UserId, device: &DeviceId) -> StoreResult<UserRev> {
        self.change(|change| {
            find_active(change.state(), user, device).ok_or(Refusal::NotFound)?;
            let now = change.now;
            write_device(change, user, device).removed_ms = Some(now);
            Ok(deactivate(change, user, device))
        })
    }

    async fn revoke_user(&self, user: &UserId) -> StoreResult<()> {
        self.change(|change| {
            let before_ms = change.now;
            change.write().users.entry(user.clone()).or_default().revoked_before_ms = Some(before_ms);
            change.tell(Fact::UserRevoked { user: user.clone(), before_ms });
            Ok(())
        })
    }

    async fn revoked_before(&self, user: &UserId) -> StoreResult<Millis> {
        let revoked = self.state().users.get(user).and_then(|state| state.revoked_before_ms);
        Ok(revoked.unwrap_or(Millis::ZERO))
    }

    async fn upsert_users(&self, users: &[(UserId, ProfileChange)]) -> StoreResult<()> {
        self.change(|change| {
            for (user, profile) in users {
                change.ensure_user(user);
                change_profile(change, user, profile);
            }
            Ok(())
        })
    }

    async fn profiles(&self, users: &[UserId]) -> StoreResult<Vec<Profile>> {
        let state = self.state();
        Ok(users.iter().filter_map(|user| state.profile(user)).cloned().collect())
    }

    async fn put_server_key(&self, key: ServerKey) -> StoreResult<()> {
        self.change(|change| {
            if change.state().server_keys.get(&key.id) != Some(&key) {
                change.write().server_keys.insert(key.id.clone(), key);
            }
            Ok(())
        })
    }

    async fn server_keys(&self) -> StoreResult<Vec<ServerKey>> {
        Ok(self.state().server_keys.values().cloned().collect())
    }
}

fn open_session(change: &mut Change<'_>, hello: Hello) -> Result<Opened, Refusal> {
    let Hello { user, device: info, issued_ms, epoch, cursors, profile } = hello;
    let id = info.id.clone();
    let known = change.state().devices.get(&(user.clone(), id.clone()));
    let user_revoked = change.state().users.get(&user).and_then(|state| state.revoked_before_ms);
    let device_removed = known.and_then(|state| state.removed_ms);
    if user_revoked.max(device_removed).is_some_and(|revoked| issued_ms <= revoked) {
        return Err(Refusal::TokenRevoked);
    }
    let was_active = known.is_some_and(DeviceState::is_active);
    let session_no = known.map_or(SessionNo::ZERO, DeviceState::session_no).next();
    let last_active_ms = known.map_or(Millis::ZERO, |state| state.device.last_active_ms).max(change.now);
    let is_same_epoch = epoch == Some(change.state().epoch);
    let resumed = was_active && is_same_epoch && !knows_what_never_was(change.state(), &user, &cursors);

    change.ensure_user(&user);
    if let Some(profile) = &profile {
        change_profile(change, &user, profile);
    }
    if !was_active {
        make_room(change, &user);
    }
    let device = Device { info, session_no, last_active_ms };
    let entry = change.write().devices.entry((user.clone(), id.clone()));
    let state = entry.or_insert_with(|| DeviceState::new(device.clone()));
    state.device = device;
    state.ended_ms = None;
    if resumed {
        merge_cursors(change, &user, &id, &cursors);
    } else {
        let heads = change.state().memberships(&user).map(|(room, _)| (room.head.room, room.head.seq));
        let heads = heads.collect();
        write_device(change, &user, &id).cursors = heads;
    }
    change.tell(Fact::SessionOpened { user: user.clone(), device: id.clone(), session_no });

    let state = change.state();
    let device = &state.devices[&(user.clone(), id)];
    let cursors =
        state.memberships(&user).map(|(room, row)| (room.head.room, device.cursor(row, &room.head)));
    Ok(Opened {
        epoch: state.epoch,
        session_no,
        resumed,
        user_rev: state.user_rev(&user),
        cursors: cursors.collect(),
    })
}

/// A cursor above the head of a room of the user: the client comes from another life of this store.
fn knows_what_never_was(state: &State, user: &UserId, cursors: &[(RoomId, Seq)]) -> bool {
    cursors.iter().any(|(room, seq)| state.member(*room, user).is_ok_and(|(room, _)| *seq > room.head.seq))
}

/// One more device replaces the least recently active.
fn make_room(change: &mut Change<'_>, user: &UserId) {
    while change.state().active_devices(user).count() >= change.limits.devices_per_user {
        let idle = change.state().active_devices(user).map(|state| &state.device);
        let Some(idlest) = idle.min_by_key(|device| (device.last_active_ms, device.info.id.clone())) else {
            return;
        };
        let idlest = idlest.info.id.clone();
        deactivate(change, user, &idlest);
    }
}

/// Ends a device's registration: its cursors go, its sessions end.
fn deactivate(change: &mut Change<'_>, user: &UserId, device: &DeviceId) -> UserRev {
    let now = change.now;
    let state = write_device(change, user, device);
    state.ended_ms = Some(now);
    state.cursors.clear();
    let user_rev = change.bump(user);
    change.tell(Fact::DeviceRemoved { user: user.clone(), device: device.clone(), user_rev });
    user_rev
}

fn merge_cursors(change: &mut Change<'_>, user: &UserId, device: &DeviceId, cursors: &[(RoomId, Seq)]) {
    for (room, acked) in cursors {
        let Ok((room_state, _)) = change.state().member(*room, user) else { continue };
        let acked = (*acked).min(room_state.head.seq);
        let state = find_active(change.state(), user, device);
        let stored = state.and_then(|state| state.cursors.get(room)).copied();
        if stored.is_none_or(|stored| acked > stored) {
            write_device(change, user, device).cursors.insert(*room, acked);
        }
    }
}

fn change_profile(change: &mut Change<'_>, user: &UserId, wanted: &ProfileChange) {
    let Some(old) = change.state().profile(user) else { return };
    let new = Profile {
        user: user.clone(),
        name: wanted.name.clone().unwrap_or_else(|| old.name.clone()),
        image: wanted.image.clone().unwrap_or_else(|| old.image.clone()),
        data: wanted.data.as_ref().map_or_else(|| old.data.clone(), cleared_if_empty),
    };
    if new != *old {
        change.write().users.entry(user.clone()).or_default().profile = Some(new);
        change.tell(Fact::ProfileChanged { user: user.clone() });
    }
}

fn find_active<'a>(state: &'a State, user: &UserId, device: &DeviceId) -> Option<&'a DeviceState> {
    state.devices.get(&(user.clone(), device.clone())).filter(|state| state.is_active())
}

fn write_device<'a>(change: &'a mut Change<'_>, user: &UserId, device: &DeviceId) -> &'a mut DeviceState {
    let key = (user.clone(), device.clone());
    change.write().devices.get_mut(&key).expect("the device was found before it is written")
}
