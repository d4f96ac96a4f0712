//! A user and all own rows of theirs, as the store holds them in one snapshot.

use std::ops::ControlFlow;
use std::sync::Arc;

use bongsu_types::{OwnRow, RoomId, UserId};
use fjall::UserValue;

use super::generations::Weigh;
use crate::embedded::keys;
use crate::embedded::row::own::{StoredOwn, decode_own};
use crate::embedded::row::people::UserState;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::{OwnRows, StoreResult};

/// What a user costs beside the rows: the place in the map, the name, allocations.
const PERSON_OVERHEAD_BYTES: usize = 256;
/// What a row costs beside its bytes: its place in the list and an allocation.
const ROW_OVERHEAD_BYTES: usize = 64;

/// A user with all own rows, tombstones included. They stay encoded: that is half the memory.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    state: UserState,
    /// Ascending by room.
    rows: Vec<(RoomId, UserValue)>,
    row_bytes: usize,
}

impl Person {
    /// Reads all of a user.
    pub(crate) fn read(source: &impl Source, user: &UserId) -> StoreResult<Self> {
        let state = source.user(user)?.unwrap_or_default();
        let mut person = Self { state, rows: Vec::new(), row_bytes: 0 };
        let prefix = keys::of_user(user);
        source.scan(Table::Own, &prefix, &prefix, &mut |key, value| {
            let (_, room) = decoded(Table::Own, key, keys::own_parts(key))?;
            // A copy: what the engine hands out keeps the whole block alive that it was read from.
            person.push(room, UserValue::from(value));
            Ok(ControlFlow::Continue(()))
        })?;
        person.rows.shrink_to_fit();
        Ok(person)
    }

    fn push(&mut self, room: RoomId, value: UserValue) {
        self.row_bytes += value.len();
        self.rows.push((room, value));
    }

    /// Takes over what is counted of the user.
    pub(super) fn change_state(&mut self, state: UserState) {
        self.state = state;
    }

    /// Takes over an own row as it was written, or that it was removed.
    pub(super) fn change_row(&mut self, room: RoomId, value: Option<&UserValue>) {
        match (self.rows.binary_search_by_key(&room, |(room, _)| *room), value) {
            (Ok(at), Some(value)) => {
                self.row_bytes = self.row_bytes - self.rows[at].1.len() + value.len();
                self.rows[at].1 = value.clone();
            }
            (Err(at), Some(value)) => {
                self.row_bytes += value.len();
                self.rows.insert(at, (room, value.clone()));
            }
            (Ok(at), None) => self.row_bytes -= self.rows.remove(at).1.len(),
            (Err(_), None) => {}
        }
    }

    /// The own row of a room, a tombstone's too.
    pub(crate) fn own(&self, user: &UserId, room: RoomId) -> StoreResult<Option<OwnRow>> {
        let Ok(at) = self.rows.binary_search_by_key(&room, |(room, _)| *room) else { return Ok(None) };
        Ok(Some(decode(user, &self.rows[at])?.row))
    }

    /// The own rows of a member by room, with the slots of their cursors.
    pub(crate) fn memberships(&self, user: &UserId) -> StoreResult<Vec<StoredOwn>> {
        let mut memberships = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let own = decode(user, row)?;
            if own.row.is_member() {
                memberships.push(own);
            }
        }
        Ok(memberships)
    }

    /// The same without slots, and the revision they are of.
    pub(crate) fn own_rows(&self, user: &UserId) -> StoreResult<OwnRows> {
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let own = decode(user, row)?.row;
            if own.is_member() {
                rows.push(own);
            }
        }
        Ok(OwnRows { user_rev: self.state.rev, rows })
    }
}

fn decode(user: &UserId, (room, value): &(RoomId, UserValue)) -> StoreResult<StoredOwn> {
    decoded(Table::Own, room.as_bytes(), decode_own(user, *room, value))
}

impl Weigh for Arc<Person> {
    fn bytes(&self) -> usize {
        PERSON_OVERHEAD_BYTES + self.row_bytes + self.rows.capacity() * ROW_OVERHEAD_BYTES
    }
}
