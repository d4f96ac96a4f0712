//! What is due, found on a snapshot a step at a time; the committer looks again before it removes anything.

use std::ops::ControlFlow;

use bongsu_types::{CommitNo, Head, Millis, Retention, RoomId, Seq, UserId};

use super::devices::effective;
use crate::StoreResult;
use crate::embedded::View;
use crate::embedded::decide::sweep::{SweepDue, SweepRoom, SweepTail};
use crate::embedded::keys::{self, Due, SLOTS_PER_ROW};
use crate::embedded::row::log::decode_record;
use crate::embedded::row::own::StoredOwn;
use crate::embedded::row::people::StoredDevice;
use crate::embedded::row::tail::{decode_commit, decode_consumer};
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::transaction::days_ms;

/// Rows removed in one commit: senders wait behind it.
const ROWS_PER_COMMIT: usize = 256;

/// What makes a row due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) now: Millis,
    pub(super) offline_ms: u64,
}

impl Rules {
    /// What is this old or older has waited long enough for whoever is offline.
    fn offline_cut(self) -> Millis {
        self.now.minus(self.offline_ms)
    }
}

/// How far a sweep is: rooms first, by id, then what is due by its own time, then the tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// This room and those after it.
    Rooms(RoomId),
    /// Keys and tombstones.
    Due,
    /// Commits.
    Tail,
}

/// Rows to remove in one commit.
pub(super) enum Found {
    Room(SweepRoom),
    Due(SweepDue),
    Tail(SweepTail),
}

impl Found {
    /// Rows it is about.
    pub(super) fn rows(&self) -> usize {
        let rows = match self {
            Self::Room(sweep) => sweep.to.0 - sweep.floor.0,
            Self::Due(sweep) => sweep.0.len() as u64,
            Self::Tail(sweep) => sweep.to.0 + 1 - sweep.from.0,
        };
        usize::try_from(rows).unwrap_or(usize::MAX)
    }
}

/// The next rows that are due at or after a position, at most `limit` of them (at least one).
pub(super) fn next_step(
    view: &View,
    rules: Rules,
    from: Option<Position>,
    limit: usize,
) -> StoreResult<Option<(Found, Position)>> {
    let limit = limit.clamp(1, ROWS_PER_COMMIT);
    let first_room = match from {
        None => Some(RoomId::from_bytes([0; 16])),
        Some(Position::Rooms(room)) => Some(room),
        Some(Position::Due | Position::Tail) => None,
    };
    if let Some(first) = first_room
        && let Some(sweep) = next_room(view, rules, first, limit)?
    {
        let at = Position::Rooms(sweep.room);
        return Ok(Some((Found::Room(sweep), at)));
    }
    if from != Some(Position::Tail)
        && let Some(sweep) = next_due(view, rules, limit)?
    {
        return Ok(Some((Found::Due(sweep), Position::Due)));
    }
    Ok(next_commits(view, rules, limit)?.map(|sweep| (Found::Tail(sweep), Position::Tail)))
}

fn next_room(view: &View, rules: Rules, first: RoomId, limit: usize) -> StoreResult<Option<SweepRoom>> {
    let consumed = slowest_consumer(view)?;
    let mut found = None;
    view.scan_all(Table::Retained, &keys::room(first), &mut |key, _| {
        let room = decoded(Table::Retained, key, keys::room_of(key))?;
        found = due_records(view, rules, consumed, room, limit)?;
        Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// The last commit that every consumer of the tail has seen.
fn slowest_consumer(view: &View) -> StoreResult<CommitNo> {
    let mut slowest = CommitNo(u64::MAX);
    view.scan_all(Table::Consumer, &[], &mut |key, value| {
        slowest = slowest.min(decoded(Table::Consumer, key, decode_consumer(value))?.at);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(slowest)
}

/// Records at the start of a room's log that may go.
fn due_records(
    view: &View,
    rules: Rules,
    consumed: CommitNo,
    room: RoomId,
    limit: usize,
) -> StoreResult<Option<SweepRoom>> {
    let (Some(stored), Some(head)) = (view.room(room)?, view.head(room)?) else { return Ok(None) };
    if head.seq == head.floor_seq {
        return Ok(None);
    }
    let retention = stored.room.retention;
    let (age_cut, acked) = match retention {
        Retention::History { days: None } => return Ok(None),
        Retention::History { days: Some(days) } => (rules.now.minus(days_ms(days)), Seq::ZERO),
        Retention::Transit => (rules.offline_cut(), acked_by_all(view, &head)?),
    };
    let floor = head.floor_seq;
    let mut sweep = SweepRoom { room, retention, floor, to: floor, aged: floor };
    let from = keys::log(room, floor.next());
    view.scan(Table::Log, &keys::room(room), &from, &mut |key, value| {
        let stored = keys::log_seq(key).and_then(|seq| decode_record(room, seq, value));
        let stored = decoded(Table::Log, key, stored)?;
        let (seq, at_ms) = (stored.record.seq, stored.record.at_ms);
        let is_free = stored.commit <= consumed || at_ms <= rules.offline_cut();
        // Only a prefix goes: one young record keeps the old ones after it.
        let is_aged = sweep.aged == sweep.to && sweep.aged == seq.prev() && at_ms <= age_cut;
        if !is_free || !(is_aged || seq <= acked) {
            return Ok(ControlFlow::Break(()));
        }
        sweep.to = seq;
        if is_aged {
            sweep.aged = seq;
        }
        let rows = sweep.to.0 - floor.0;
        Ok(if rows < limit as u64 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok((sweep.to > floor).then_some(sweep))
}

/// The position every active device of every member has acked; a member without one holds everything.
fn acked_by_all(view: &View, head: &Head) -> StoreResult<Seq> {
    let mut until = head.seq;
    for (user, _) in view.members(head.room)? {
        let Some(own) = view.own(&user, head.room)? else { return Ok(Seq::ZERO) };
        until = until.min(acked_by(view, head, &user, &own)?);
        if until <= head.floor_seq {
            break;
        }
    }
    Ok(until)
}

fn acked_by(view: &View, head: &Head, user: &UserId, own: &StoredOwn) -> StoreResult<Seq> {
    let mut until = None;
    for stored in view.devices_of(user)?.into_iter().filter(StoredDevice::is_active) {
        let cursors = view.cursor_row(user, &stored.device.info.id, own.slot)?;
        let slot = (own.slot % SLOTS_PER_ROW) as u8;
        let cursor = cursors.iter().find(|(at, _)| *at == slot).map(|(_, seq)| *seq).unwrap_or_default();
        let acked = effective(cursor, &own.row, head);
        until = Some(until.map_or(acked, |until: Seq| until.min(acked)));
    }
    Ok(until.unwrap_or(Seq::ZERO))
}

fn next_due(view: &View, rules: Rules, limit: usize) -> StoreResult<Option<SweepDue>> {
    let mut found: Vec<(Millis, Due)> = Vec::new();
    view.scan_all(Table::Due, &[], &mut |key, _| {
        let (at, due) = decoded(Table::Due, key, keys::due_parts(key))?;
        if at > rules.now || found.len() == limit {
            return Ok(ControlFlow::Break(()));
        }
        found.push((at, due));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((!found.is_empty()).then_some(SweepDue(found)))
}

fn next_commits(view: &View, rules: Rules, limit: usize) -> StoreResult<Option<SweepTail>> {
    let mut found: Option<SweepTail> = None;
    view.scan_all(Table::Tail, &[], &mut |key, value| {
        let commit = decoded(Table::Tail, key, keys::commit_of(key))?;
        let stored = decoded(Table::Tail, key, decode_commit(commit, value))?;
        if stored.at_ms > rules.offline_cut() {
            return Ok(ControlFlow::Break(()));
        }
        let sweep = found.get_or_insert(SweepTail { from: commit, to: commit });
        sweep.to = commit;
        let rows = sweep.to.0 + 1 - sweep.from.0;
        Ok(if rows < limit as u64 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(found)
}
