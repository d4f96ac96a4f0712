//! One row of a chat list, with what its user may see of it.

use bongsu_store::{RoomDetails, RoomRow};
use bongsu_types::{Head, OwnRow};

/// Preview text of a last message, bytes at most; the edge cuts it.
pub(crate) const PREVIEW_BYTES: usize = 200;

/// A row of a chat list: own row, head and details, and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Positions, settings and role.
    pub own: OwnRow,
    /// Where the log ends.
    pub head: Head,
    /// The room, its last message and the counterpart. `last` is absent when this user may not see it.
    pub details: RoomDetails,
    /// Exact unread for the positions of `own` and `head`.
    pub unread: u64,
    /// Unread mentions, `@all` included; 100 means 100 or more.
    pub mentions: usize,
}

impl ListRow {
    /// Puts a row together. A last message from before the join is left out unless history is readable.
    #[must_use]
    pub fn new(own: OwnRow, head: Head, mut details: RoomDetails) -> Self {
        let visible = own.visible(details.room.history_before_join);
        details.last = details.last.filter(|last| visible.contains(last.seq));
        let unread = own.unread(&head);
        let mentions = own.unread_mentions(&head, &details.everyone);
        Self { own, head, details, unread, mentions }
    }

    /// About how many bytes the row takes on the wire.
    pub(crate) fn bytes(&self) -> usize {
        let RoomDetails { room, last, everyone: _, peer } = &self.details;
        let text = last.as_ref().and_then(|last| last.body.message()).map_or(0, |last| last.text.len());
        let peer =
            peer.as_ref().map_or(0, |peer| peer.user.as_str().len() + peer.name.len() + peer.image.len());
        let key = room.key.as_ref().map_or(0, |key| key.as_str().len());
        let data = room.data.as_ref().map_or(0, |data| data.as_str().len());
        let custom = self.own.settings.custom.as_ref().map_or(0, |custom| custom.as_str().len());
        POSITIONS_BYTES
            + key
            + room.name.len()
            + room.image.len()
            + data
            + peer
            + custom
            + text.min(PREVIEW_BYTES)
    }
}

/// Field names, positions and ids of a row on the wire, bytes.
const POSITIONS_BYTES: usize = 600;

impl From<RoomRow> for ListRow {
    fn from(row: RoomRow) -> Self {
        Self::new(row.own, row.head, row.details)
    }
}
