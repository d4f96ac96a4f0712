//! Upkeep of the reference engine: sweeps, idle devices, the audit of unread.

use std::ops::Bound;

use async_trait::async_trait;
use bongsu_types::{CommitNo, Millis, OwnRow, Retention, RoomId, Seq, UserId};

use crate::memory::MemoryStore;
use crate::memory::change::Change;
use crate::memory::state::{Logged, RoomState, State};
use crate::{AuditReport, Drift, StoreResult, SweepReport, Upkeep};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[async_trait]
impl Upkeep for MemoryStore {
    async fn sweep(&self, budget: usize) -> StoreResult<SweepReport> {
        self.change(|change| Ok(sweep(change, budget)))
    }

    async fn expire_devices(&self) -> StoreResult<u64> {
        self.change(|change| {
            let cut = offline_cut(change);
            let idle = |device: &crate::memory::state::DeviceState| {
                device.is_active() && device.device.last_active_ms <= cut
            };
            let count = change.state().devices.values().filter(|device| idle(device)).count();
            if count > 0 {
                let now = change.now;
                for device in change.write().devices.values_mut().filter(|device| idle(device)) {
                    device.ended_ms = Some(now);
                    device.cursors.clear();
                }
            }
            Ok(count as u64)
        })
    }

    async fn audit(
        &self,
        after: Option<(UserId, RoomId)>,
        sample: usize,
    ) -> StoreResult<(AuditReport, Option<(UserId, RoomId)>)> {
        Ok(audit(&self.state(), after, sample))
    }
}

/// What is this old or older has waited long enough for whoever is offline.
fn offline_cut(change: &Change<'_>) -> Millis {
    change.now.minus(u64::from(change.limits.offline_days) * DAY_MS)
}

fn sweep(change: &mut Change<'_>, budget: usize) -> SweepReport {
    let mut report = SweepReport::default();
    let mut left = budget.max(1);
    let rooms: Vec<RoomId> = change.state().rooms.keys().copied().collect();
    for room in rooms {
        let due = due_records(change, &change.state().rooms[&room]);
        let taken = due.records.min(left);
        report.more |= taken < due.records;
        if taken > 0 {
            left -= taken;
            report.rooms += 1;
            report.records += taken as u64;
            sweep_records(change.write_room(room), taken, due.aged.min(taken));
        }
    }
    sweep_replies(change, &mut left, &mut report);
    sweep_tombstones(change, &mut left, &mut report);
    sweep_devices(change, &mut left, &mut report);
    sweep_tail(change, &mut left, &mut report);
    report
}

/// How many records at the start of a log may go.
struct Due {
    records: usize,
    /// Of these, how many by their age.
    aged: usize,
}

fn due_records(change: &Change<'_>, room: &RoomState) -> Due {
    let offline_cut = offline_cut(change);
    let consumed = change.state().consumers.values().min().copied().unwrap_or(CommitNo(u64::MAX));
    let is_consumed = |logged: &&Logged| logged.commit <= consumed || logged.record.at_ms <= offline_cut;
    let free = room.log.iter().take_while(is_consumed);
    let age_cut = match room.room.retention {
        Retention::History { days: None } => return Due { records: 0, aged: 0 },
        Retention::History { days: Some(days) } => change.now.minus(u64::from(days) * DAY_MS),
        Retention::Transit => offline_cut,
    };
    let aged = free.clone().take_while(|logged| logged.record.at_ms <= age_cut).count();
    let acked = match room.room.retention {
        Retention::History { .. } => 0,
        Retention::Transit => {
            let until = acked_by_all(change.state(), room);
            free.take_while(|logged| logged.record.seq <= until).count()
        }
    };
    Due { records: aged.max(acked), aged }
}

/// The position every active device of every member has acked; a member without one holds everything.
fn acked_by_all(state: &State, room: &RoomState) -> Seq {
    let mut until = room.head.seq;
    for row in room.members() {
        let cursors = state.active_devices(&row.user).map(|device| device.cursor(row, &room.head));
        until = until.min(cursors.min().unwrap_or(Seq::ZERO));
    }
    until
}

/// Removes the first `records` of a log, of which `aged` also stop counting as unread.
fn sweep_records(room: &mut RoomState, records: usize, aged: usize) {
    if let Some(last) = aged.checked_sub(1) {
        room.head.expired_ord = room.log[last].record.ord;
    }
    let last = &room.log[records - 1].record;
    room.head.floor_seq = last.seq;
    room.head.floor_ord = last.ord;
    let floor_seq = last.seq;
    room.log.drain(..records);
    room.reactions.retain(|(target, _), _| *target > floor_seq);
}

fn sweep_replies(change: &mut Change<'_>, left: &mut usize, report: &mut SweepReport) {
    let cut = offline_cut(change);
    let state = change.state();
    let mut due = Vec::new();
    for (key, first) in &state.first_replies {
        let floor_seq = state.rooms[&key.0].head.floor_seq;
        if first.stored_ms <= cut && first.reply.seq <= floor_seq {
            due.push(key.clone());
        }
    }
    for key in within(&mut due, left, report) {
        change.write().first_replies.remove(&key);
    }
}

fn sweep_tombstones(change: &mut Change<'_>, left: &mut usize, report: &mut SweepReport) {
    let cut = offline_cut(change);
    let is_due = |row: &&OwnRow| row.removed_ms.is_some_and(|removed_ms| removed_ms <= cut);
    let rooms = change.state().rooms.values();
    let mut due: Vec<_> = rooms
        .flat_map(|room| room.rows.values().filter(is_due))
        .map(|row| (row.room, row.user.clone(), row.user_rev))
        .collect();
    for (room, user, user_rev) in within(&mut due, left, report) {
        change.write_room(room).rows.remove(&user);
        let state = change.write().users.entry(user).or_default();
        state.forgotten_rev = state.forgotten_rev.max(user_rev);
    }
}

fn sweep_devices(change: &mut Change<'_>, left: &mut usize, report: &mut SweepReport) {
    let cut = offline_cut(change);
    let devices = change.state().devices.iter();
    let due = devices.filter(|(_, device)| device.ended_ms.is_some_and(|ended_ms| ended_ms <= cut));
    let mut due: Vec<_> = due.map(|(key, _)| key.clone()).collect();
    for key in within(&mut due, left, report) {
        change.write().devices.remove(&key);
    }
}

fn sweep_tail(change: &mut Change<'_>, left: &mut usize, report: &mut SweepReport) {
    let cut = offline_cut(change);
    let aged = change.state().tail.iter().take_while(|entry| entry.at_ms <= cut);
    // A commit's refs go together: the tail never splits it.
    let mut due: Vec<usize> = aged.map(|entry| entry.refs.len()).collect();
    let commits = within(&mut due, left, report);
    if !commits.is_empty() {
        report.other_rows += (commits.iter().sum::<usize>() - commits.len()) as u64;
        change.write().tail.drain(..commits.len());
    }
}

/// The rows of `due` that the budget allows.
fn within<T>(due: &mut Vec<T>, left: &mut usize, report: &mut SweepReport) -> Vec<T> {
    let taken = due.len().min(*left);
    report.more |= taken < due.len();
    report.other_rows += taken as u64;
    *left -= taken;
    due.drain(..taken).collect()
}

fn audit(
    state: &State,
    after: Option<(UserId, RoomId)>,
    sample: usize,
) -> (AuditReport, Option<(UserId, RoomId)>) {
    let mut rows = std::collections::BTreeMap::new();
    for room in state.rooms.values() {
        for row in room.members() {
            rows.insert((row.user.clone(), row.room), (room, row));
        }
    }
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut report = AuditReport::default();
    let mut last = None;
    for (key, (room, row)) in rows.range((start, Bound::Unbounded)).take(sample.max(1)) {
        report.sampled += 1;
        let (unread, recount) = (row.unread(&room.head), recount(room, row));
        if unread != recount {
            report.drift.push(Drift { user: row.user.clone(), room: row.room, unread, recount });
        }
        last = Some(key.clone());
    }
    // From the last row on, the next call begins anew.
    let next = last.filter(|last| rows.last_key_value().is_some_and(|(end, _)| end != last));
    (report, next)
}

/// Unread by counting messages above the mark; what was swept unread is known by the floor's ord only.
fn recount(room: &RoomState, row: &OwnRow) -> u64 {
    let mark = row.read_seq.max(row.joined_seq.prev());
    let above = room.log.iter().filter(|logged| logged.record.seq > mark);
    let counted = above.filter(|logged| is_countable(logged)).count() as u64;
    let swept = if mark < room.head.floor_seq {
        room.head.floor_ord.get().saturating_sub(row.mark(&room.head).get())
    } else {
        0
    };
    counted + swept
}

fn is_countable(logged: &Logged) -> bool {
    logged.record.body.message().is_some_and(bongsu_types::Message::is_countable)
}
