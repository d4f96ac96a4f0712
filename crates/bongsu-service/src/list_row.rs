//! One row of a chat list, with what its user may see of it.

use std::sync::Arc;

use bongsu_store::RoomRow;
use bongsu_types::{Head, OwnRow};

use crate::cards::Shown;
use crate::{LastMessage, ProfileCard, RoomCard};

/// A row of a chat list: own row, head and cards, and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Positions, settings and role.
    pub own: OwnRow,
    /// Where the log ends.
    pub head: Head,
    /// The room, as everybody sees it; but see [`ListRow::last`].
    pub card: Arc<RoomCard>,
    /// Direct rooms: the other user.
    pub peer: Option<Arc<ProfileCard>>,
    /// Exact unread for the positions of `own` and `head`.
    pub unread: u64,
    /// Unread mentions, `@all` included; 100 means 100 or more.
    pub mentions: usize,
}

impl ListRow {
    /// Puts a row together.
    pub(crate) fn new(own: OwnRow, head: Head, shown: Shown) -> Self {
        let Shown { room: _, card, peer } = shown;
        let unread = own.unread(&head);
        let mentions = own.unread_mentions(&head, &card.everyone);
        Self { own, head, card, peer, unread, mentions }
    }

    /// The last message, unless it is from before the join and history is not readable.
    #[must_use]
    pub fn last(&self) -> Option<&LastMessage> {
        let visible = self.own.visible(self.card.history_before_join);
        self.card.last.as_ref().filter(|last| visible.contains(last.seq))
    }

    /// About how many bytes the row takes on the wire.
    pub(crate) fn bytes(&self) -> usize {
        let card = &self.card;
        let text = self.last().map_or(0, |last| last.text.len());
        let peer = self
            .peer
            .as_ref()
            .map_or(0, |peer| peer.user.as_str().len() + peer.name.len() + peer.image.len());
        let key = card.key.as_ref().map_or(0, |key| key.as_str().len());
        let data = card.data.as_ref().map_or(0, |data| data.as_str().len());
        let custom = self.own.settings.custom.as_ref().map_or(0, |custom| custom.as_str().len());
        POSITIONS_BYTES + key + card.name.len() + card.image.len() + data + peer + custom + text
    }
}

/// Field names, positions and ids of a row on the wire, bytes.
const POSITIONS_BYTES: usize = 600;

impl From<RoomRow> for ListRow {
    fn from(row: RoomRow) -> Self {
        Self::new(row.own, row.head, row.details.into())
    }
}
