//! Heads and own rows: from memory, else from the engine, which fills it.

use std::sync::Arc;

use bongsu_types::{Head, OwnRow, RoomId, UserId};

use crate::StoreResult;
use crate::embedded::positions::{Known, Person, Stamp};
use crate::embedded::source::Source;
use crate::embedded::{EmbeddedStore, View};

/// A head that memory does not know.
struct Missing {
    /// Its place in the answer.
    at: usize,
    room: RoomId,
    stamp: Stamp,
}

impl EmbeddedStore {
    /// A user and all own rows of theirs, in one snapshot that is not older than this call.
    pub(super) async fn person(&self, user: &UserId) -> StoreResult<Arc<Person>> {
        self.is_well()?;
        let stamp = match self.shared.positions.person(user) {
            Known::Here(person) => return Ok(person),
            Known::Not(stamp) => stamp,
        };
        let view = self.view()?;
        let rooms = view.user(user)?.unwrap_or_default().rooms as usize;
        let name = user.clone();
        let person = self.read_from(view, rooms, move |view| Person::read(view, &name)).await?;
        let person = Arc::new(person);
        self.shared.positions.keep_person(stamp, user, &person);
        Ok(person)
    }

    /// One own row and its head, each not older than this call. What memory does not know is read by name: one room is
    /// no reason to read, or to keep, all of a user's.
    pub(super) fn position(
        &self,
        view: &View,
        user: &UserId,
        room: RoomId,
    ) -> StoreResult<Option<(OwnRow, Head)>> {
        let own = match self.shared.positions.person(user) {
            Known::Here(person) => person.own(user, room)?,
            Known::Not(_) => view.own(user, room)?.map(|stored| stored.row),
        };
        let head = match self.shared.positions.head(room) {
            Known::Here(head) => Some(head),
            Known::Not(_) => view.head(room)?,
        };
        Ok(own.zip(head))
    }

    /// The head of each room that exists, in the order asked, each not older than this call.
    pub(super) async fn heads_of(&self, rooms: &[RoomId]) -> StoreResult<Vec<Option<Head>>> {
        self.is_well()?;
        let mut heads = vec![None; rooms.len()];
        let mut missing = Vec::new();
        for (at, room) in rooms.iter().enumerate() {
            match self.shared.positions.head(*room) {
                Known::Here(head) => heads[at] = Some(head),
                Known::Not(stamp) => missing.push(Missing { at, room: *room, stamp }),
            }
        }
        if missing.is_empty() {
            return Ok(heads);
        }
        let view = self.view()?;
        let found = self.read_from(view, missing.len(), move |view| read_heads(view, missing)).await?;
        for (Missing { at, stamp, .. }, head) in found {
            self.shared.positions.keep_head(stamp, head);
            heads[at] = Some(head);
        }
        Ok(heads)
    }
}

fn read_heads(view: &View, missing: Vec<Missing>) -> StoreResult<Vec<(Missing, Head)>> {
    let mut found = Vec::with_capacity(missing.len());
    for head in missing {
        if let Some(read) = view.head(head.room)? {
            found.push((head, read));
        }
    }
    Ok(found)
}
