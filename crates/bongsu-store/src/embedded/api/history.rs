//! Pages of history: messages as a member sees them, and the seqs they and their gaps cover.

use std::ops::ControlFlow;

use bongsu_types::{Record, RecordBody, RoomId, Seq, UserId};

use crate::embedded::row::log::decode_record;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{View, keys};
use crate::{HistoryFrom, HistoryItem, HistoryPage, Refusal, StoreResult};

/// Records one page looks at, messages or not: a long stretch of reactions ends it early.
const RECORDS_SEEN_MAX: usize = 2_000;

/// What a page may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

/// The part of a log that a member may see.
struct Visible<'a> {
    view: &'a View,
    room: RoomId,
    /// Seq of the first visible record.
    lowest: Seq,
    /// Seq of the last visible record.
    newest: Seq,
}

/// Messages next to each other, and the seqs they and their gaps cover.
struct Stretch {
    messages: Vec<Record>,
    from: Seq,
    to: Seq,
    more: bool,
}

pub(super) fn history(
    view: &View,
    user: &UserId,
    room: RoomId,
    from: HistoryFrom,
    space: Space,
) -> StoreResult<HistoryPage> {
    let own = view.member_own(user, room)?.ok_or(Refusal::RoomNotFound)?.row;
    let stored = view.room(room)?.ok_or(Refusal::RoomNotFound)?;
    let head = view.head(room)?.ok_or(Refusal::RoomNotFound)?;
    let span = own.visible(stored.room.history_before_join);
    let visible = Visible { view, room, lowest: span.after.max(head.floor_seq).next(), newest: head.seq };
    let stretch = match from {
        HistoryFrom::Latest => visible.older(head.seq, space)?,
        HistoryFrom::Before(seq) => visible.older(seq.prev(), space)?,
        HistoryFrom::After(seq) => visible.newer(seq, space, AtLeast::One)?,
        HistoryFrom::Around(seq) => visible.around(seq, space)?,
    };
    let mut messages = Vec::with_capacity(stretch.messages.len());
    for record in stretch.messages {
        let has_reactions = record.body.message().is_some_and(|message| !message.reactions.is_empty());
        let mine = if has_reactions { view.reactions_of(room, record.seq, user)? } else { Vec::new() };
        messages.push(HistoryItem { record, mine });
    }
    Ok(HistoryPage {
        messages,
        covered: (stretch.from <= stretch.to).then_some((stretch.from, stretch.to)),
        more: stretch.more,
        floor_seq: head.floor_seq,
        head_seq: head.seq,
    })
}

impl Visible<'_> {
    /// The nearest messages at or before `until`.
    fn older(&self, until: Seq, space: Space) -> StoreResult<Stretch> {
        let until = until.min(self.newest);
        let mut page = Page::of(space, AtLeast::One);
        let (lowest, before) = (keys::log(self.room, self.lowest), keys::log(self.room, until.next()));
        self.view.scan_back(Table::Log, &keys::room(self.room), &before, &mut |key, value| {
            if key < &lowest[..] {
                return Ok(ControlFlow::Break(()));
            }
            page.offer(self.room, key, value)
        })?;
        let from = if page.more { page.reached.unwrap_or(until.next()) } else { self.lowest };
        page.taken.reverse();
        Ok(Stretch { messages: page.taken, from, to: until, more: page.more })
    }

    /// The nearest messages after `after`.
    fn newer(&self, after: Seq, space: Space, at_least: AtLeast) -> StoreResult<Stretch> {
        let after = after.max(self.lowest.prev());
        let mut page = Page::of(space, at_least);
        let from = keys::log(self.room, after.next());
        self.view.scan(Table::Log, &keys::room(self.room), &from, &mut |key, value| {
            page.offer(self.room, key, value)
        })?;
        let to = if page.more { page.reached.unwrap_or(after) } else { self.newest };
        Ok(Stretch { messages: page.taken, from: after.next(), to, more: page.more })
    }

    /// Half the page at or before `seq`; the newer messages take what is left of it.
    fn around(&self, seq: Seq, space: Space) -> StoreResult<Stretch> {
        let half = Space { items: space.items.div_ceil(2), bytes: space.bytes / 2 };
        let older = self.older(seq, half)?;
        let rest = Space {
            items: space.items - older.messages.len(),
            bytes: space.bytes.saturating_sub(older.messages.iter().map(size).sum()),
        };
        let at_least = if older.messages.is_empty() { AtLeast::One } else { AtLeast::None };
        let newer = self.newer(seq, rest, at_least)?;
        let mut messages = older.messages;
        messages.extend(newer.messages);
        Ok(Stretch { messages, from: older.from, to: newer.to, more: older.more })
    }
}

/// Whether a page holds its first item even when that is too large for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtLeast {
    One,
    None,
}

/// A page being filled.
struct Page {
    taken: Vec<Record>,
    bytes: usize,
    seen: usize,
    space: Space,
    at_least: AtLeast,
    /// The furthest record this page speaks for.
    reached: Option<Seq>,
    /// The last record looked at.
    looked_at: Option<Seq>,
    /// Something is left for another page.
    more: bool,
}

impl Page {
    fn of(space: Space, at_least: AtLeast) -> Self {
        Self {
            taken: Vec::new(),
            bytes: 0,
            seen: 0,
            space,
            at_least,
            reached: None,
            looked_at: None,
            more: false,
        }
    }

    fn offer(&mut self, room: RoomId, key: &[u8], value: &[u8]) -> StoreResult<ControlFlow<()>> {
        let seq = decoded(Table::Log, key, keys::log_seq(key))?;
        let record = decoded(Table::Log, key, decode_record(room, seq, value))?.record;
        self.seen += 1;
        let is_message = record.body.message().is_some();
        if is_message {
            self.bytes += size(&record);
        }
        let is_free = self.taken.is_empty() && self.at_least == AtLeast::One;
        let is_full = self.taken.len() >= self.space.items || self.bytes > self.space.bytes;
        if is_message && is_full && !is_free {
            self.more = true;
            return Ok(ControlFlow::Break(()));
        }
        if self.seen > RECORDS_SEEN_MAX {
            self.more = true;
            self.reached = self.looked_at;
            return Ok(ControlFlow::Break(()));
        }
        self.looked_at = Some(seq);
        if is_message {
            self.reached = Some(seq);
            self.taken.push(record);
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Bytes of text and data: what a page is measured by.
pub(super) fn size(record: &Record) -> usize {
    let data_bytes =
        |data: &Option<bongsu_types::JsonObject>| data.as_ref().map_or(0, |data| data.as_str().len());
    match &record.body {
        RecordBody::Message(message) => message.text.len() + data_bytes(&message.data),
        RecordBody::Edited { text, data, .. } => text.as_ref().map_or(0, String::len) + data_bytes(data),
        RecordBody::RoomUpdated(change) => data_bytes(&change.data),
        RecordBody::Deleted { .. }
        | RecordBody::Reaction { .. }
        | RecordBody::MemberAdded { .. }
        | RecordBody::MemberRemoved { .. }
        | RecordBody::MemberRole { .. } => 0,
    }
}
