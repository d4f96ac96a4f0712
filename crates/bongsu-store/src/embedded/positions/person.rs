//! A user and all own rows of theirs, as the store holds them in one snapshot.

use std::ops::ControlFlow;
use std::sync::Arc;

use bongsu_types::{OwnRow, RoomId, UserId};

use super::generations::Weigh;
use super::packed::PackedRows;
use crate::embedded::keys;
use crate::embedded::row::own::{StoredOwn, decode_own};
use crate::embedded::row::people::UserState;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::{OwnRows, StoreResult};

/// What a user costs beside the rows: the place in the map, the name, allocations.
const PERSON_OVERHEAD_BYTES: usize = 256;

/// A user with all own rows, tombstones included. They stay encoded: that is less than half the memory.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    state: UserState,
    rows: PackedRows,
}

impl Person {
    /// Reads all of a user.
    pub(crate) fn read(source: &impl Source, user: &UserId) -> StoreResult<Self> {
        let state = source.user(user)?.unwrap_or_default();
        let mut rows = PackedRows::default();
        let prefix = keys::of_user(user);
        source.scan(Table::Own, &prefix, &prefix, &mut |key, value| {
            let (_, room) = decoded(Table::Own, key, keys::own_parts(key))?;
            rows.put(room, value);
            Ok(ControlFlow::Continue(()))
        })?;
        rows.shrink_to_fit();
        Ok(Self { state, rows })
    }

    /// Takes over what is counted of the user.
    pub(super) fn change_state(&mut self, state: UserState) {
        self.state = state;
    }

    /// Takes over an own row as it was written, or that it was removed.
    pub(super) fn change_row(&mut self, room: RoomId, value: Option<&[u8]>) {
        match value {
            Some(value) => self.rows.put(room, value),
            None => self.rows.remove(room),
        }
    }

    /// The own row of a room, a tombstone's too.
    pub(crate) fn own(&self, user: &UserId, room: RoomId) -> StoreResult<Option<OwnRow>> {
        let Some(value) = self.rows.get(room) else { return Ok(None) };
        Ok(Some(decode(user, room, value)?.row))
    }

    /// The own rows of a member by room, with the slots of their cursors.
    pub(crate) fn memberships(&self, user: &UserId) -> StoreResult<Vec<StoredOwn>> {
        let mut memberships = Vec::with_capacity(self.rows.len());
        for (room, value) in self.rows.iter() {
            let own = decode(user, room, value)?;
            if own.row.is_member() {
                memberships.push(own);
            }
        }
        Ok(memberships)
    }

    /// The same without slots, and the revision they are of.
    pub(crate) fn own_rows(&self, user: &UserId) -> StoreResult<OwnRows> {
        let mut rows = Vec::with_capacity(self.rows.len());
        for (room, value) in self.rows.iter() {
            let own = decode(user, room, value)?.row;
            if own.is_member() {
                rows.push(own);
            }
        }
        Ok(OwnRows { user_rev: self.state.rev, rows })
    }
}

fn decode(user: &UserId, room: RoomId, value: &[u8]) -> StoreResult<StoredOwn> {
    decoded(Table::Own, room.as_bytes(), decode_own(user, room, value))
}

impl Weigh for Arc<Person> {
    fn bytes(&self) -> usize {
        PERSON_OVERHEAD_BYTES + self.rows.bytes()
    }
}
