//! What changed in a user's own rows since a revision.

use std::collections::HashMap;

use bongsu_store::Changes;
use bongsu_types::{Head, OwnRow, RoomId, UserRev};

use crate::cards::Shown;
use crate::{Actor, ListRow, Service, ServiceResult};

/// What changed in a user's own rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnChanges {
    /// Rows, ascending by revision.
    Rows {
        /// At most `changes_items`.
        rows: Vec<ChangedRow>,
        /// The user's revision now.
        user_rev: UserRev,
    },
    /// Too many, too long ago, or a revision from the future: fetch the list anew.
    Reset {
        /// The user's revision now.
        user_rev: UserRev,
    },
}

/// A changed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedRow {
    /// As it is now; `own.user_rev` is its revision.
    Row(Box<ListRow>),
    /// The user is no longer a member.
    Removed {
        /// Of which room.
        room: RoomId,
        /// Revision of the removal.
        user_rev: UserRev,
    },
}

impl Service {
    /// Own rows changed after `since`. At most three store calls. Rows of more than `send_queue_bytes` are a `Reset`:
    /// the pages of the list are kinder to a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes(&self, actor: &Actor, since: UserRev) -> ServiceResult<OwnChanges> {
        actor.audit("room.changes");
        self.changes_since(actor, since).await
    }

    pub(crate) async fn changes_since(&self, actor: &Actor, since: UserRev) -> ServiceResult<OwnChanges> {
        let (rows, user_rev) = match self.store.changes(&actor.user, since).await? {
            Changes::Rows { rows, user_rev } => (rows, user_rev),
            Changes::Reset { user_rev } => return Ok(OwnChanges::Reset { user_rev }),
        };
        let rooms: Vec<RoomId> = rows.iter().filter(|own| own.is_member()).map(|own| own.room).collect();
        if rooms.is_empty() {
            let rows = rows.into_iter().map(removed).collect();
            return Ok(OwnChanges::Rows { rows, user_rev });
        }
        let heads = self.store.heads(&rooms).await?;
        let shown = self.cards.of(&self.store, &actor.user, &heads).await?;
        let rows = put_together(rows, &heads, shown);
        if bytes(&rows) > self.limits.send_queue_bytes {
            return Ok(OwnChanges::Reset { user_rev });
        }
        Ok(OwnChanges::Rows { rows, user_rev })
    }
}

fn put_together(rows: Vec<OwnRow>, heads: &[Head], shown: Vec<Shown>) -> Vec<ChangedRow> {
    let heads: HashMap<RoomId, &Head> = heads.iter().map(|head| (head.room, head)).collect();
    let mut shown: HashMap<RoomId, Shown> = shown.into_iter().map(|shown| (shown.room, shown)).collect();
    let changed = |own: OwnRow| match (heads.get(&own.room), shown.remove(&own.room)) {
        (Some(head), Some(shown)) => ChangedRow::Row(Box::new(ListRow::new(own, **head, shown))),
        // Tombstones, and rooms that went meanwhile.
        (_, _) => removed(own),
    };
    rows.into_iter().map(changed).collect()
}

fn bytes(rows: &[ChangedRow]) -> usize {
    let of_one = |row: &ChangedRow| match row {
        ChangedRow::Row(row) => row.bytes(),
        ChangedRow::Removed { .. } => 0,
    };
    rows.iter().map(of_one).sum()
}

fn removed(own: OwnRow) -> ChangedRow {
    ChangedRow::Removed { room: own.room, user_rev: own.user_rev }
}
