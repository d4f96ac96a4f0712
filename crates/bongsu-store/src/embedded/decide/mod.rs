//! What each command decides, one file per family of use cases. All of it runs on the committer, one after the other.

pub(crate) mod accept;
pub(crate) mod append;
pub(crate) mod change;
pub(crate) mod create_room;
pub(crate) mod devices;
pub(crate) mod hello;
pub(crate) mod import;
pub(crate) mod marks;
pub(crate) mod member;
pub(crate) mod members;
pub(crate) mod people;
pub(crate) mod room;
pub(crate) mod sweep;

use bongsu_types::{Head, RoomId, UserId};

use super::row::own::StoredOwn;
use super::row::room::StoredRoom;
use super::source::Source;
use super::transaction::Transaction;
use crate::{Refusal, StoreError, StoreResult};

impl Transaction<'_, '_> {
    /// The own row of a present member; to anybody else the room does not exist.
    fn require_member(&self, user: &UserId, room: RoomId) -> StoreResult<StoredOwn> {
        self.member_own(user, room)?.ok_or_else(|| Refusal::RoomNotFound.into())
    }

    /// The head of a room that exists.
    fn require_head(&self, room: RoomId) -> StoreResult<Head> {
        self.head(room)?.ok_or_else(|| StoreError::not_applied(format!("room {room} has no head")))
    }

    /// A room that exists.
    fn require_room(&self, room: RoomId) -> StoreResult<StoredRoom> {
        self.room(room)?.ok_or_else(|| Refusal::RoomNotFound.into())
    }
}
