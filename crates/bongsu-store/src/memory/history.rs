//! Pages of a room's log: messages as a member sees them, records as the hub sends them.

use bongsu_types::{Limits, Record, RecordBody, RoomId, Seq, UserId};

use crate::memory::state::State;
use crate::{HistoryFrom, HistoryItem, HistoryPage, RecordPage, Refusal};

/// The messages a member may see, and the room left on the page.
struct Visible<'a> {
    /// Ascending.
    messages: Vec<&'a Record>,
    /// Seq of the first visible record.
    lowest: Seq,
    /// Seq of the last visible record.
    newest: Seq,
}

/// Messages next to each other, ascending, and the seqs they and their gaps cover.
struct Stretch<'a> {
    messages: Vec<&'a Record>,
    from: Seq,
    to: Seq,
    more: bool,
}

#[derive(Clone, Copy)]
struct Space {
    items: usize,
    bytes: usize,
}

pub(super) fn history(
    state: &State,
    limits: &Limits,
    (user, room): (&UserId, RoomId),
    from: HistoryFrom,
    limit: usize,
) -> Result<HistoryPage, Refusal> {
    let (room, row) = state.member(room, user)?;
    let span = row.visible(room.room.history_before_join);
    let messages = room.log.iter().map(|logged| &logged.record);
    let visible = Visible {
        messages: messages.filter(|record| span.contains(record.seq) && is_message(record)).collect(),
        lowest: span.after.max(room.head.floor_seq).next(),
        newest: room.head.seq,
    };
    let space = Space { items: limit.clamp(1, limits.page_items), bytes: limits.page_bytes };
    let stretch = match from {
        HistoryFrom::Latest => visible.older(visible.newest, space),
        HistoryFrom::Before(seq) => visible.older(seq.prev(), space),
        HistoryFrom::After(seq) => visible.newer(seq, space, AtLeast::One),
        HistoryFrom::Around(seq) => visible.around(seq, space),
    };
    let item = |record: &&Record| HistoryItem {
        record: (*record).clone(),
        mine: room.reactions.get(&(record.seq, user.clone())).into_iter().flatten().cloned().collect(),
    };
    Ok(HistoryPage {
        messages: stretch.messages.iter().map(item).collect(),
        covered: (stretch.from <= stretch.to).then_some((stretch.from, stretch.to)),
        more: stretch.more,
        floor_seq: room.head.floor_seq,
        head_seq: room.head.seq,
    })
}

pub(super) fn records(
    state: &State,
    room: RoomId,
    after: Seq,
    limit: usize,
    bytes: usize,
) -> Result<RecordPage, Refusal> {
    let room = state.rooms.get(&room).ok_or(Refusal::RoomNotFound)?;
    let above = room.log.iter().map(|logged| &logged.record).filter(|record| record.seq > after);
    let (records, _) = fill(above, Space { items: limit.max(1), bytes }, AtLeast::One);
    Ok(RecordPage {
        records: records.into_iter().cloned().collect(),
        head_seq: room.head.seq,
        floor_seq: room.head.floor_seq,
    })
}

impl<'a> Visible<'a> {
    /// The nearest messages at or before `until`.
    fn older(&self, until: Seq, space: Space) -> Stretch<'a> {
        let until = until.min(self.newest);
        let candidates = self.messages.iter().rev().copied().filter(|record| record.seq <= until);
        let (mut messages, more) = fill(candidates, space, AtLeast::One);
        messages.reverse();
        let from = if more { messages[0].seq } else { self.lowest };
        Stretch { messages, from, to: until, more }
    }

    /// The nearest messages after `after`.
    fn newer(&self, after: Seq, space: Space, at_least: AtLeast) -> Stretch<'a> {
        let after = after.max(self.lowest.prev());
        let candidates = self.messages.iter().copied().filter(|record| record.seq > after);
        let (messages, more) = fill(candidates, space, at_least);
        let to = match messages.last() {
            Some(last) if more => last.seq,
            None if more => after,
            Some(_) | None => self.newest,
        };
        Stretch { messages, from: after.next(), to, more }
    }

    /// Half the page at or before `seq`; the newer messages take what is left of it.
    fn around(&self, seq: Seq, space: Space) -> Stretch<'a> {
        let half = Space { items: space.items.div_ceil(2), bytes: space.bytes / 2 };
        let older = self.older(seq, half);
        let rest = Space {
            items: space.items - older.messages.len(),
            bytes: space.bytes.saturating_sub(older.messages.iter().map(|record| size(record)).sum()),
        };
        let at_least = if older.messages.is_empty() { AtLeast::One } else { AtLeast::None };
        let newer = self.newer(seq, rest, at_least);
        let mut messages = older.messages;
        messages.extend(newer.messages);
        Stretch { messages, from: older.from, to: newer.to, more: older.more }
    }
}

/// Whether a page holds its first item even when that is too large for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtLeast {
    One,
    None,
}

/// Takes records while there is space; true when one was left over.
fn fill<'a>(
    candidates: impl Iterator<Item = &'a Record>,
    space: Space,
    at_least: AtLeast,
) -> (Vec<&'a Record>, bool) {
    let mut taken = Vec::new();
    let mut bytes = 0;
    for record in candidates {
        bytes += size(record);
        let is_free = taken.is_empty() && at_least == AtLeast::One;
        if !is_free && (taken.len() >= space.items || bytes > space.bytes) {
            return (taken, true);
        }
        taken.push(record);
    }
    (taken, false)
}

fn is_message(record: &Record) -> bool {
    record.body.message().is_some()
}

/// Bytes of text and data.
fn size(record: &Record) -> usize {
    let data_bytes = |data: &Option<bongsu_types::JsonObject>| data.as_ref().map_or(0, |d| d.as_str().len());
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
