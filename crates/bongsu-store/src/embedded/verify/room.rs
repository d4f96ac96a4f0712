//! Each room: its log against its head, its members against their own rows, unread against a recount.

use std::collections::BTreeMap;

use bongsu_types::{
    CommitNo, Head, Message, Ordinal, OwnRow, Reaction, Record, RecordBody, Retention, RoomId, Seq,
};

use super::Check;
use crate::StoreResult;
use crate::embedded::api::swept_unread;
use crate::embedded::keys;
use crate::embedded::row::log::{StoredRecord, decode_record};
use crate::embedded::row::own::{StoredMember, decode_member};
use crate::embedded::row::room::{Origin, StoredRoom, decode_room};
use crate::embedded::source::Source;
use crate::embedded::table::Table;

/// What the log says at a position that an own row names.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    /// Countable messages from the floor up to here.
    counted: u64,
    /// Ord of the record, once it was seen.
    ord: Option<Ordinal>,
}

/// What walking a log gathers.
struct Walk {
    seq: Seq,
    ord: Ordinal,
    counted: u64,
    last_message: Option<Seq>,
    reactions: u64,
    positions: BTreeMap<Seq, Position>,
}

impl Check<'_> {
    pub(super) fn rooms(&mut self) -> StoreResult<()> {
        self.begin("rooms");
        let last = self.view.last_commit()?;
        let decode = |key: &[u8], value: &[u8]| decode_room(keys::room_of(key)?, value);
        let mut rooms = Vec::new();
        self.each(Table::Room, &[], decode, |_, stored| rooms.push(stored))?;
        for stored in rooms {
            self.report.counts.rooms += 1;
            self.room(&stored, last)?;
        }
        for table in
            [Table::Head, Table::Log, Table::Reaction, Table::Everyone, Table::Member, Table::Retained]
        {
            for room in self.rooms_in(table)? {
                let exists = self.view.get(Table::Room, &keys::room(room))?.is_some();
                self.expect(exists, || {
                    format!("table {} has rows of room {room}, which does not exist", table.name())
                });
            }
        }
        Ok(())
    }

    fn room(&mut self, stored: &StoredRoom, last: CommitNo) -> StoreResult<()> {
        let room = stored.room.id;
        let head = self.view.head(room);
        let Some(head) = self.found(head) else {
            self.fault(format!("room {room} has no head"));
            return Ok(());
        };
        self.expect(head.expired_ord <= head.floor_ord && head.floor_seq <= head.seq, || {
            format!("room {room}: its head contradicts itself: {head:?}")
        });
        self.expect(head.kind == stored.room.kind, || format!("room {room}: its head is of another kind"));
        let kept_for_ever = stored.room.retention == Retention::History { days: None };
        let is_retained = self.view.get(Table::Retained, &keys::room(room))?.is_some();
        self.expect(kept_for_ever != is_retained, || format!("room {room}: the sweeper's index is wrong"));

        let rows = self.member_rows(&head)?;
        let walk = self.log(&head, &rows, last)?;
        for row in &rows {
            self.own_row(row, &head, &walk);
        }
        self.everyone(&head);
        self.import(stored, &head);
        Ok(())
    }

    /// Members by the index, each with an own row that says the same.
    fn member_rows(&mut self, head: &Head) -> StoreResult<Vec<OwnRow>> {
        let room = head.room;
        let decode = |key: &[u8], value: &[u8]| Ok((keys::member_parts(key)?.1, decode_member(value)?));
        let mut rows = Vec::new();
        let mut members = 0_u64;
        self.each(Table::Member, &keys::room(room), decode, |check, (user, member)| {
            members += 1;
            let own = check.view.own(&user, room);
            let Some(row) = check.found(own).map(|own| own.row).filter(OwnRow::is_member) else {
                check.fault(format!("room {room}: member {user} has no own row"));
                return;
            };
            let said = StoredMember { role: row.role, joined_seq: row.joined_seq, joined_ms: row.joined_ms };
            check.expect(said == member, || format!("room {room}: member {user} differs from the own row"));
            rows.push(row);
        })?;
        self.report.counts.members += members;
        self.expect(members == u64::from(head.members), || {
            format!("room {room}: the head counts {} members, there are {members}", head.members)
        });
        Ok(rows)
    }

    /// Walks the log from floor to head.
    fn log(&mut self, head: &Head, rows: &[OwnRow], last: CommitNo) -> StoreResult<Walk> {
        let room = head.room;
        let named = rows.iter().flat_map(|row| [row.read_seq, row.joined_seq.prev(), mark(row)]);
        let mut walk = Walk {
            seq: head.floor_seq,
            ord: head.floor_ord,
            counted: 0,
            last_message: None,
            reactions: 0,
            positions: named.map(|seq| (seq, Position::default())).collect(),
        };
        let decode = |key: &[u8], value: &[u8]| decode_record(room, keys::log_seq(key)?, value);
        self.each(Table::Log, &keys::room(room), decode, |check, stored| {
            check.record(head, &stored, &mut walk, last);
        })?;
        self.expect(walk.seq == head.seq, || {
            format!("room {room}: the head is at {}, the log ends at {}", head.seq, walk.seq)
        });
        self.expect(walk.ord == head.ord, || {
            format!("room {room}: the head counts {} messages, the log {}", head.ord, walk.ord)
        });
        let last_message_holds = match walk.last_message {
            Some(seq) => seq == head.last_message,
            None => head.last_message <= head.floor_seq,
        };
        self.expect(last_message_holds, || {
            format!(
                "room {room}: the head's last message is {}, the log's {:?}",
                head.last_message, walk.last_message
            )
        });
        let mut held = 0;
        self.each(Table::Reaction, &keys::room(room), |key, _| keys::reaction_parts(key), |_, _| held += 1)?;
        self.report.counts.reactions += held;
        self.expect(held == walk.reactions, || {
            format!("room {room}: messages count {} reactions, {held} are held", walk.reactions)
        });
        Ok(walk)
    }

    fn record(&mut self, head: &Head, stored: &StoredRecord, walk: &mut Walk, last: CommitNo) {
        let record = &stored.record;
        let (room, seq) = (record.room, record.seq);
        self.report.counts.records += 1;
        self.expect(seq == walk.seq.next(), || format!("room {room}: record {seq} follows {}", walk.seq));
        let message = record.body.message();
        let counts = message.is_some_and(Message::is_countable);
        let ord = Ordinal(walk.ord.0 + u64::from(counts));
        self.expect(record.ord == ord, || {
            format!("room {room}: record {seq} has ord {}, not {ord}", record.ord)
        });
        self.expect(stored.commit <= last, || {
            format!("room {room}: record {seq} is of commit {}, the last is {last}", stored.commit)
        });
        if let Some(message) = message {
            self.report.counts.messages += 1;
            walk.last_message = Some(seq);
            self.expect(message.rev >= seq && message.rev <= head.seq, || {
                format!("room {room}: message {seq} has rev {}", message.rev)
            });
            walk.reactions += self.reactions(room, seq, &message.reactions);
        }
        self.expect(target(record).is_none_or(|target| target < seq), || {
            format!("room {room}: record {seq} changes a later one")
        });
        self.edited(record);
        (walk.seq, walk.ord) = (seq, ord);
        walk.counted += u64::from(counts);
        if let Some(position) = walk.positions.get_mut(&seq) {
            *position = Position { counted: walk.counted, ord: Some(ord) };
        }
    }

    /// What was deleted is not told by its edits either.
    fn edited(&mut self, record: &Record) {
        let RecordBody::Edited { target, text, data, .. } = &record.body else { return };
        if text.is_none() && data.is_none() {
            return;
        }
        let (room, seq) = (record.room, record.seq);
        let message = self.view.record(room, *target);
        let message = self.found(message).map(|stored| stored.record.body);
        let is_deleted = message.is_some_and(|body| body.message().is_some_and(|message| message.deleted));
        self.expect(!is_deleted, || {
            format!("room {room}: record {seq} keeps what the deleted message {target} said")
        });
    }

    /// Counts on a message against the users who hold them; answers how many those are.
    fn reactions(&mut self, room: RoomId, seq: Seq, reactions: &[Reaction]) -> u64 {
        if reactions.is_empty() {
            return 0;
        }
        let mut held = BTreeMap::new();
        let prefix = keys::reactions(room, seq);
        let scanned = self.each(
            Table::Reaction,
            &prefix,
            |key, _| keys::reaction_parts(key),
            |_, (_, emoji)| {
                *held.entry(emoji).or_insert(0_u32) += 1;
            },
        );
        if let Err(error) = scanned {
            self.fault(error);
        }
        let counted: BTreeMap<_, _> =
            reactions.iter().map(|reaction| (reaction.emoji.clone(), reaction.count)).collect();
        self.expect(held == counted, || format!("room {room}: message {seq} miscounts its reactions"));
        counted.values().map(|count| u64::from(*count)).sum()
    }

    fn own_row(&mut self, row: &OwnRow, head: &Head, walk: &Walk) {
        let (room, user) = (row.room, &row.user);
        self.expect(row.read_seq <= head.seq && row.joined_seq.prev() <= head.seq, || {
            format!("room {room}, user {user}: a position lies beyond the head")
        });
        let ord_at = |seq: Seq| match seq {
            seq if seq == head.floor_seq => Some(head.floor_ord),
            seq => walk.positions.get(&seq).and_then(|position| position.ord),
        };
        for (what, seq, ord) in
            [("read", row.read_seq, row.read_ord), ("joined", row.joined_seq.prev(), row.joined_ord)]
        {
            self.expect(ord_at(seq).is_none_or(|found| found == ord), || {
                format!("room {room}, user {user}: {what} ord {ord} is not that of record {seq}")
            });
        }
        let before = walk.positions.get(&mark(row)).copied().unwrap_or_default().counted;
        let recount = walk.counted - before + swept_unread(row, head, mark(row));
        self.expect(recount == row.unread(head), || {
            format!("room {room}, user {user}: unread is {}, a recount gives {recount}", row.unread(head))
        });
        let ascends =
            row.mentions.is_sorted() && row.mentions.first().is_none_or(|first| *first > row.read_ord);
        self.expect(ascends && row.mentions.last().is_none_or(|last| *last <= head.ord), || {
            format!("room {room}, user {user}: mentions outside of what is unread")
        });
    }

    fn everyone(&mut self, head: &Head) {
        let everyone = self.view.everyone(head.room).map(Some);
        let everyone = self.found(everyone).unwrap_or_default();
        self.expect(everyone.is_sorted() && everyone.last().is_none_or(|last| *last <= head.ord), || {
            format!("room {}: mentions of everybody beyond the head", head.room)
        });
    }

    fn import(&mut self, stored: &StoredRoom, head: &Head) {
        let room = stored.room.id;
        match stored.origin {
            Origin::Created | Origin::Imported => {}
            Origin::Importing => {
                let key = stored.room.key.as_ref().map(|key| key.as_str()).unwrap_or_default();
                self.report
                    .notes
                    .push(format!("room {room} (key {key}) is being imported: {} messages so far", head.seq));
                self.expect(head.members == 0, || {
                    format!("room {room} has members before its import is finished")
                });
            }
        }
    }
}

/// Up to where a member has nothing unread, as a seq.
fn mark(row: &OwnRow) -> Seq {
    row.read_seq.max(row.joined_seq.prev())
}

/// The message a record changes.
fn target(record: &Record) -> Option<Seq> {
    match &record.body {
        RecordBody::Edited { target, .. }
        | RecordBody::Deleted { target }
        | RecordBody::Reaction { target, .. } => Some(*target),
        RecordBody::Message(message) => message.reply_to,
        RecordBody::MemberAdded { .. }
        | RecordBody::MemberRemoved { .. }
        | RecordBody::MemberRole { .. }
        | RecordBody::RoomUpdated(_) => None,
    }
}
