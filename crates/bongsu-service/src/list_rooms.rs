//! The chat list: sorted by positions, cards only for the page.

use bongsu_types::{Head, Limits, Millis, OwnRow, RoomId, RoomKind};

use crate::cards::Shown;
use crate::list_cursor::ListPosition;
use crate::{Actor, ListRow, Service, ServiceResult, checks};

/// Which rows of the chat list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListRooms {
    /// Rows at most, 1 to `page_items`; absent means 50.
    pub limit: Option<usize>,
    /// After this page.
    pub cursor: Option<String>,
    /// Only rooms with something unread or the unread flag.
    pub unread_only: bool,
    /// Only rooms of this kind.
    pub kind: Option<RoomKind>,
    /// Only hidden rooms; else hidden rooms are left out.
    pub hidden: bool,
}

/// A page of the chat list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// Rows in order: pinned, last activity, room id. At most `limit` and about `page_bytes` (at least one).
    pub rows: Vec<ListRow>,
    /// The badge: over all rooms neither muted nor hidden, whatever the filters.
    pub unread_total: u64,
    /// Where the next page begins, if there is one.
    pub cursor: Option<String>,
}

/// All rooms of a user with their heads, read once, from which pages are cut.
pub(crate) struct Chats<'a> {
    chats: Vec<Chat<'a>>,
}

#[derive(Clone, Copy)]
struct Chat<'a> {
    own: &'a OwnRow,
    head: &'a Head,
}

impl Service {
    /// A page of the actor's chat list.
    ///
    /// Two store calls whatever the number of rooms and the filters: own rows and heads; and one for those rooms of the
    /// page whose cards are not in memory.
    ///
    /// # Errors
    /// `InvalidParams` (`limit`, `cursor`).
    pub async fn list_rooms(&self, actor: &Actor, request: ListRooms) -> ServiceResult<ListPage> {
        actor.audit("room.list");
        let wanted = Wanted::checked(&request, &self.limits)?;
        let own_rows = self.store.own_rows(&actor.user).await?;
        let rooms: Vec<RoomId> = own_rows.rows.iter().map(|own| own.room).collect();
        let heads = self.store.heads(&rooms).await?;
        self.list_page(actor, Chats::new(&own_rows.rows, &heads), wanted).await
    }

    /// Cuts a page from rooms already read: at most one store call, for its cards.
    pub(crate) async fn list_page(
        &self,
        actor: &Actor,
        chats: Chats<'_>,
        wanted: Wanted,
    ) -> ServiceResult<ListPage> {
        let unread_total = chats.unread_total(self.clock.now_ms());
        let candidates = chats.candidates(&wanted);
        let heads: Vec<Head> = candidates.first.iter().map(|(_, chat)| *chat.head).collect();
        let shown = self.cards.of(&self.store, &actor.user, &heads).await?;
        let mut page = Page::new(heads.len(), self.limits.page_bytes);
        page.fill(&candidates.first, shown);
        let more = page.left_out || candidates.more;
        let cursor = page.last.filter(|_| more).map(ListPosition::to_cursor);
        Ok(ListPage { rows: page.rows, unread_total, cursor })
    }
}

/// A request whose bounds and cursor are fine.
pub(crate) struct Wanted {
    limit: usize,
    after: Option<ListPosition>,
    unread_only: bool,
    kind: Option<RoomKind>,
    hidden: bool,
}

impl Wanted {
    pub(crate) fn checked(request: &ListRooms, limits: &Limits) -> ServiceResult<Self> {
        Ok(Self {
            limit: checks::page(request.limit, limits)?,
            after: request.cursor.as_deref().map(ListPosition::parse).transpose()?,
            unread_only: request.unread_only,
            kind: request.kind,
            hidden: request.hidden,
        })
    }

    fn takes(&self, chat: Chat<'_>) -> bool {
        let unread = chat.own.marked_unread || chat.own.unread(chat.head) > 0;
        let of_kind = self.kind.is_none_or(|kind| chat.head.kind == kind);
        of_kind && chat.own.is_hidden(chat.head) == self.hidden && (unread || !self.unread_only)
    }
}

impl<'a> Chats<'a> {
    /// Both in one order; rows without a head are of rooms that went meanwhile, and are left out.
    pub(crate) fn new(own_rows: &'a [OwnRow], heads: &'a [Head]) -> Self {
        let mut heads = heads.iter().peekable();
        let with_head = |own: &'a OwnRow| {
            let head = heads.next_if(|head| head.room == own.room)?;
            Some(Chat { own, head })
        };
        Self { chats: own_rows.iter().filter_map(with_head).collect() }
    }

    fn unread_total(&self, now: Millis) -> u64 {
        self.chats.iter().map(|chat| chat.own.badge(chat.head, now)).sum()
    }

    /// What the page may hold.
    fn candidates(self, wanted: &Wanted) -> Candidates<'a> {
        let mut first: Vec<(ListPosition, Chat<'a>)> = self
            .chats
            .into_iter()
            .filter(|chat| wanted.takes(*chat))
            .map(|chat| (ListPosition::of(chat.own, chat.head), chat))
            .filter(|(position, _)| wanted.after.is_none_or(|after| *position > after))
            .collect();
        let more = first.len() > wanted.limit;
        if more {
            // Only the page is sorted, not all that comes after it.
            first.select_nth_unstable_by_key(wanted.limit, |(position, _)| *position);
            first.truncate(wanted.limit);
        }
        first.sort_unstable_by_key(|(position, _)| *position);
        Candidates { first, more }
    }
}

/// What a page may hold.
struct Candidates<'a> {
    /// In order, at most `limit`.
    first: Vec<(ListPosition, Chat<'a>)>,
    /// There is more after them.
    more: bool,
}

/// A page being filled, until it has enough bytes.
struct Page {
    bytes_left: usize,
    rows: Vec<ListRow>,
    /// The last room that was looked at.
    last: Option<ListPosition>,
    /// A row that belongs to the list did not fit.
    left_out: bool,
}

impl Page {
    fn new(rows: usize, bytes: usize) -> Self {
        Self { bytes_left: bytes, rows: Vec::with_capacity(rows), last: None, left_out: false }
    }

    fn fill(&mut self, chats: &[(ListPosition, Chat<'_>)], shown: Vec<Shown>) {
        let mut shown = shown.into_iter().peekable();
        for (position, Chat { own, head }) in chats {
            // Both are in the same order; a room that went meanwhile shows nothing.
            if let Some(shown) = shown.next_if(|shown| shown.room == own.room) {
                let row = ListRow::new(OwnRow::clone(own), **head, shown);
                let bytes = row.bytes();
                if !self.rows.is_empty() && bytes > self.bytes_left {
                    self.left_out = true;
                    return;
                }
                self.bytes_left = self.bytes_left.saturating_sub(bytes);
                self.rows.push(row);
            }
            self.last = Some(*position);
        }
    }
}
