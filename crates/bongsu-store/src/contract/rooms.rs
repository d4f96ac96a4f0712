//! Rooms: create them, change them, and who is in them.

use async_trait::async_trait;
use bongsu_types::{
    JsonObject, Millis, Retention, Role, Room, RoomChange, RoomId, RoomKey, RoomKind, Seq, UserId,
};

use super::messages::{Changed, Once};
use super::options::Authority;
use crate::StoreResult;

/// Whose name space a room key lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScopeOfRoom {
    /// The creator's own.
    Creator,
    /// The deployment's: server keys only.
    Global,
}

/// A room to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRoom {
    /// Kind.
    pub kind: RoomKind,
    /// Becomes the owner (in a direct room both are plain members).
    pub creator: UserId,
    /// Makes creation idempotent. A direct room has none: it is found by its pair.
    pub key: Option<(KeyScopeOfRoom, RoomKey)>,
    /// The others, without the creator, no duplicates; direct: exactly one.
    pub members: Vec<UserId>,
    /// Name; empty for none.
    pub name: String,
    /// Image; empty for none.
    pub image: String,
    /// The host app's facts.
    pub data: Option<JsonObject>,
    /// Whether history before a join is readable.
    pub history_before_join: bool,
    /// How long records are kept. Transit is for rooms of at most `small_room_members` (`LimitReached`).
    pub retention: Retention,
    /// Direct only: the other one has to accept.
    pub request: bool,
}

/// The reply to a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// The room.
    pub room: RoomId,
    /// False when it existed.
    pub created: bool,
}

/// A change of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRoom {
    /// Which.
    pub room: RoomId,
    /// Who: an admin. In a direct room nobody, except `data` by a server key.
    pub actor: UserId,
    /// On whose word.
    pub authority: Authority,
    /// Idempotency.
    pub once: Option<Once>,
    /// What; absent means unchanged.
    pub change: RoomChange,
}

/// A member as other members see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub user: UserId,
    /// Role.
    pub role: Role,
    /// When they joined.
    pub joined_ms: Millis,
    /// Read up to here.
    pub read_seq: Seq,
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPage {
    /// Ascending by user id.
    pub members: Vec<MemberRow>,
    /// More after the last one.
    pub more: bool,
}

/// Create rooms, change them, and decide who is in them.
///
/// Records: a direct or group room begins with one `member_added` of all its users at seq 1; a channel's log begins
/// empty, and adding, removing and leaving of plain members there write no record and answer the head's seq.
/// Every joined or removed user gets an own fact. Named users that are unknown are created.
///
/// Joining, again too, makes a fresh own row: default settings, no mentions, `read_seq` and `read_ord` those of the
/// head before the join. Order of facts: the record, own facts in the order of its users, then a `member_role`.
/// In a list of users repetitions count once. A role is no own fact: members learn it from the record.
#[async_trait]
pub trait Rooms {
    /// Creates a room, or finds it by pair or key. An existing key whose room the creator is not a member of is
    /// `RoomNotFound`. The record's users: the creator, then the others as given. Bounds, in this order:
    /// `group_members`, `channel_members`, `small_room_members` (transit), `rooms_per_user` (a request does not count
    /// for its target).
    async fn create_room(&self, request: CreateRoom) -> StoreResult<Created>;

    /// Whether two users share a room that neither holds as a request.
    async fn share_accepted_room(&self, a: &UserId, b: &UserId) -> StoreResult<bool>;

    /// Changes name, image, data or rules. Admin (`Forbidden`). The record carries only what changed. Transit in a room
    /// of more than `small_room_members` is `LimitReached`.
    async fn update_room(&self, request: UpdateRoom) -> StoreResult<Changed>;

    /// Adds plain members, all or none; present members are skipped. Admin; never in direct rooms (`Forbidden`).
    /// Bounds as for a creation.
    async fn add_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed>;

    /// Removes members, all or none; strangers are skipped. Admin; an admin does not remove an owner; never in direct
    /// rooms (`Forbidden`). When the last owner goes, the longest-standing admin, else member (by `joined_seq`,
    /// `joined_ms`, id), becomes owner by a `member_role` record right after. Answers the seq of the
    /// `member_removed`, in a channel the head's before a `member_role`.
    async fn remove_members(&self, room: RoomId, actor: &UserId, users: &[UserId]) -> StoreResult<Changed>;

    /// The actor leaves; the rule of the last owner holds. Direct: `Forbidden`.
    async fn leave(&self, room: RoomId, actor: &UserId) -> StoreResult<Changed>;

    /// Gives a role. Owners only (`Forbidden`); a user who is no member is `NotFound`; the last owner stays one
    /// (`LastOwner`); direct: `Forbidden`.
    async fn set_role(&self, room: RoomId, actor: &UserId, user: &UserId, role: Role)
    -> StoreResult<Changed>;

    /// Members after `after`, at most `limit` (1..=200), as `user` may see them: in a channel admins only
    /// (`Forbidden`).
    async fn members(
        &self,
        user: &UserId,
        room: RoomId,
        after: Option<&UserId>,
        limit: usize,
    ) -> StoreResult<MemberPage>;

    /// All members of a room (for the hub and upkeep), ascending. `RoomNotFound` when there is no such room.
    async fn member_ids(&self, room: RoomId) -> StoreResult<Vec<UserId>>;

    /// The room itself, whoever asks (for the service, after it knows that the user may).
    async fn room(&self, room: RoomId) -> StoreResult<Option<Room>>;
}
