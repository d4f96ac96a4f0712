//! Sweeping, a small batch at a time: what was found due on a snapshot is looked at again inside the commit.

use bongsu_types::{CommitNo, DeviceId, Millis, Retention, RoomId, Seq, UserId};

use super::change::reaction_keys;
use crate::StoreResult;
use crate::embedded::job::Mutation;
use crate::embedded::keys::{self, Due};
use crate::embedded::row::log::StoredRecord;
use crate::embedded::row::tail::{StoredConsumer, encode_consumer};
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::transaction::{Transaction, days_ms};

/// Records of one room that may go. Between the look and the commit positions only grow, so they still may, unless the
/// rule of the room changed.
pub(crate) struct SweepRoom {
    pub(crate) room: RoomId,
    pub(crate) retention: Retention,
    /// The floor they begin above.
    pub(crate) floor: Seq,
    /// The new floor.
    pub(crate) to: Seq,
    /// Of these, up to here by age: they no longer count as unread.
    pub(crate) aged: Seq,
}

impl Mutation for SweepRoom {
    type Answer = u64;
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<u64> {
        let room = transaction.require_room(self.room)?.room;
        let mut head = transaction.require_head(self.room)?;
        if room.retention != self.retention || head.floor_seq != self.floor || self.to > head.seq {
            return Ok(0);
        }
        let mut swept = 0;
        for seq in self.floor.0 + 1..=self.to.0 {
            let Some(stored) = transaction.record(self.room, Seq(seq))? else { continue };
            sweep_record(transaction, &stored)?;
            head.floor_ord = stored.record.ord;
            if seq <= self.aged.0 {
                head.expired_ord = stored.record.ord;
            }
            swept += 1;
        }
        head.floor_seq = self.to;
        transaction.put_head(&head);
        Ok(swept)
    }
}

/// A record goes with its reactions, and with its key when that is old enough.
fn sweep_record(transaction: &mut Transaction<'_, '_>, stored: &StoredRecord) -> StoreResult<()> {
    let record = &stored.record;
    transaction.remove(Table::Log, &keys::log(record.room, record.seq));
    let message = record.body.message();
    if message.is_some_and(|message| !message.reactions.is_empty()) {
        for key in reaction_keys(transaction, record.room, record.seq)? {
            transaction.remove(Table::Reaction, &key);
        }
    }
    let client_id = message.map(|message| &message.client_id).or(stored.once.as_ref());
    let Some(client_id) = client_id else { return Ok(()) };
    let key = keys::once(record.room, &record.actor, client_id);
    let due_ms = record.at_ms.plus(transaction.offline_ms());
    if due_ms <= transaction.now {
        transaction.remove(Table::Once, &key);
    } else {
        transaction.put_due(due_ms, &Due::Once(key));
    }
    Ok(())
}

/// Rows whose time has come.
pub(crate) struct SweepDue(pub(crate) Vec<(Millis, Due)>);

impl Mutation for SweepDue {
    type Answer = u64;
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<u64> {
        let mut swept = 0;
        for (at, due) in self.0 {
            transaction.remove(Table::Due, &keys::due(at, &due));
            let gone = match &due {
                Due::Once(key) => sweep_once(transaction, key)?,
                Due::Tombstone(user, room) => sweep_tombstone(transaction, user, *room)?,
                Due::Device(user, device) => sweep_device(transaction, user, device)?,
            };
            swept += u64::from(gone);
        }
        Ok(swept)
    }
}

/// Who came back and left again has a later due of their own.
fn sweep_tombstone(transaction: &mut Transaction<'_, '_>, user: &UserId, room: RoomId) -> StoreResult<bool> {
    let gone_since = transaction.now.minus(transaction.offline_ms());
    let is_due = |removed_ms: Millis| removed_ms <= gone_since;
    let own = transaction.own(user, room)?.filter(|own| own.row.removed_ms.is_some_and(is_due));
    let Some(own) = own else { return Ok(false) };
    transaction.remove(Table::Own, &keys::own(user, room));
    transaction.remove(Table::Change, &keys::change(user, own.row.user_rev));
    let mut state = transaction.user(user)?.unwrap_or_default();
    state.changes_floor = state.changes_floor.max(own.row.user_rev);
    transaction.put_user(user, &state);
    Ok(true)
}

/// A device that came back and ended again has a later due of its own. The tokens it had are older than any that count.
fn sweep_device(
    transaction: &mut Transaction<'_, '_>,
    user: &UserId,
    device: &DeviceId,
) -> StoreResult<bool> {
    let gone_since = transaction.now.minus(transaction.offline_ms());
    let stored = transaction.device(user, device)?;
    let is_due = stored.and_then(|stored| stored.ended_ms).is_some_and(|ended_ms| ended_ms <= gone_since);
    if is_due {
        transaction.remove(Table::Device, &keys::device(user, device));
    }
    Ok(is_due)
}

/// A key without a record of its own goes once the log is past what it answered.
fn sweep_once(transaction: &mut Transaction<'_, '_>, key: &[u8]) -> StoreResult<bool> {
    let (room, actor, client_id) = decoded(Table::Once, key, keys::once_parts(key))?;
    let Some(reply) = transaction.reply(room, &actor, &client_id)? else { return Ok(false) };
    if reply.seq <= transaction.require_head(room)?.floor_seq {
        transaction.remove(Table::Once, key);
        return Ok(true);
    }
    transaction.put_due(transaction.now.plus(days_ms(1)), &Due::Once(key.to_vec()));
    Ok(false)
}

/// Commits that are too old for the tail.
pub(crate) struct SweepTail {
    pub(crate) from: CommitNo,
    pub(crate) to: CommitNo,
}

impl Mutation for SweepTail {
    type Answer = u64;
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<u64> {
        for commit in self.from.0..=self.to.0 {
            transaction.remove(Table::Tail, &keys::commit(CommitNo(commit)));
        }
        Ok(self.to.0 + 1 - self.from.0)
    }
}

/// A consumer of the tail says how far it is.
pub(crate) struct StoreConsumer {
    pub(crate) name: String,
    pub(crate) at: CommitNo,
}

impl Mutation for StoreConsumer {
    type Answer = ();
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        // No commit: else a consumer that stores its position would have something new to read.
        transaction.uncounted();
        let consumer = StoredConsumer { at: self.at, said_ms: transaction.now };
        transaction.put(Table::Consumer, self.name.as_bytes(), encode_consumer(consumer));
        Ok(())
    }
}
