//! Devices: who may connect, where each device stands, and what others see of its user.

use async_trait::async_trait;
use bongsu_types::{
    Device, DeviceId, DeviceInfo, Epoch, JsonObject, Millis, Profile, RoomId, Seq, ServerKey, SessionNo,
    UserId, UserRev,
};

use crate::StoreResult;

/// A device says hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Whose.
    pub user: UserId,
    /// The device.
    pub device: DeviceInfo,
    /// When its token was issued.
    pub issued_ms: Millis,
    /// The epoch the client knows; `None` when it knows nothing.
    pub epoch: Option<Epoch>,
    /// Acked positions the client thinks are not stored yet: merged by maximum; rooms the user is not a member of are
    /// ignored. One above the head is like another epoch: the client knows what this store never held.
    pub cursors: Vec<(RoomId, Seq)>,
    /// What the token says of the user; stored when it differs.
    pub profile: Option<ProfileChange>,
}

/// The reply to a hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Generation of the store.
    pub epoch: Epoch,
    /// This session's number.
    pub session_no: SessionNo,
    /// Positions stand. False for a new or expired device, for another epoch and for a cursor above a head: then the
    /// cursors are the heads.
    pub resumed: bool,
    /// The user's revision as of the commit of the hello: own facts and removals that follow it have a greater one.
    pub user_rev: UserRev,
    /// Effective cursor of every room the user is a member of: `max(stored, joined_seq - 1)`, at most the head.
    pub cursors: Vec<(RoomId, Seq)>,
}

/// A change of a profile; absent means unchanged, "" and `{}` clear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// Name.
    pub name: Option<String>,
    /// Image.
    pub image: Option<String>,
    /// The host app's facts.
    pub data: Option<JsonObject>,
}

/// Devices, their cursors, profiles, and the keys of the host app's servers.
#[async_trait]
pub trait Devices {
    /// Opens a session in one commit: refuses revoked tokens (`TokenRevoked`: issued at or before the user's
    /// revocation or this device's removal); registers a new or expired device with cursor = head for every room of
    /// its user; raises `session_no`; a device over `devices_per_user` replaces the least recently active one (a
    /// `DeviceRemoved` fact that does not refuse tokens). Always a `SessionOpened` fact, the last one. An unknown user
    /// is created. A device that comes back after it expired or was removed goes on with its `session_no`,
    /// unless a sweep forgot it `offline_days` later.
    async fn hello(&self, hello: Hello) -> StoreResult<Opened>;

    /// Stores acked positions: merged by maximum, clamped to the heads; rooms the user is no member of and devices that
    /// are not active are ignored. Moves
    /// `last_active_ms` to `active_ms` (never back). Packed: one row per device and 128 rooms.
    async fn store_cursors(
        &self,
        user: &UserId,
        device: &DeviceId,
        cursors: &[(RoomId, Seq)],
        active_ms: Millis,
    ) -> StoreResult<()>;

    /// Active devices of a user, by id.
    async fn devices(&self, user: &UserId) -> StoreResult<Vec<Device>>;

    /// Removes a device (`NotFound`): its cursors go, tokens issued until now are refused for it, a `DeviceRemoved`
    /// fact bumps `user_rev`.
    async fn remove_device(&self, user: &UserId, device: &DeviceId) -> StoreResult<UserRev>;

    /// Refuses tokens of `user` issued until now, with a `UserRevoked` fact.
    async fn revoke_user(&self, user: &UserId) -> StoreResult<()>;

    /// Tokens issued at or before this instant are refused; zero when never revoked.
    async fn revoked_before(&self, user: &UserId) -> StoreResult<Millis>;

    /// Creates or changes users. A profile that is not what it was is a `ProfileChanged` fact, whoever changes it: this
    /// call, a hello or an import.
    async fn upsert_users(&self, users: &[(UserId, ProfileChange)]) -> StoreResult<()>;

    /// Profiles in the order asked; unknown users are left out.
    async fn profiles(&self, users: &[UserId]) -> StoreResult<Vec<Profile>>;

    /// Stores a server key, or replaces the one of the same id.
    async fn put_server_key(&self, key: ServerKey) -> StoreResult<()>;

    /// All server keys, revoked ones included, by id.
    async fn server_keys(&self) -> StoreResult<Vec<ServerKey>>;
}
