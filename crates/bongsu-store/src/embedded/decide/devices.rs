//! Devices after their hello: acked positions, removal, expiry.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bongsu_types::{DeviceId, Fact, Millis, RoomId, Seq, UserId, UserRev};

use crate::embedded::job::Mutation;
use crate::embedded::keys::{self, Due, SLOTS_PER_ROW};
use crate::embedded::row::people::{Cursors, StoredDevice};
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{Refusal, StoreResult};

/// A device acked these positions.
pub(crate) struct StoreCursors {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) cursors: Vec<(RoomId, Seq)>,
    pub(crate) active_ms: Millis,
}

impl Mutation for StoreCursors {
    type Answer = ();
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        let Some(mut stored) = transaction.device(&self.user, &self.device)?.filter(StoredDevice::is_active)
        else {
            return Ok(());
        };
        if self.active_ms > stored.device.last_active_ms {
            stored.device.last_active_ms = self.active_ms;
            transaction.put_device(&self.user, &stored);
        }
        merge_cursors(transaction, &self.user, &self.device, &self.cursors)
    }
}

/// Positions only grow, and never beyond the head.
pub(super) fn merge_cursors(
    transaction: &mut Transaction<'_, '_>,
    user: &UserId,
    device: &DeviceId,
    acked: &[(RoomId, Seq)],
) -> StoreResult<()> {
    let mut rows: BTreeMap<u32, Vec<(u8, Seq)>> = BTreeMap::new();
    for (room, seq) in acked {
        let Some(own) = transaction.member_own(user, *room)? else { continue };
        let seq = transaction.require_head(*room)?.seq.min(*seq);
        rows.entry(own.slot / SLOTS_PER_ROW).or_default().push(((own.slot % SLOTS_PER_ROW) as u8, seq));
    }
    for (row, acked) in rows {
        let mut cursors = transaction.cursor_row(user, device, row * SLOTS_PER_ROW)?;
        if merge_row(&mut cursors, &acked) {
            transaction.put_cursors(&keys::cursor(user, device, row * SLOTS_PER_ROW), &cursors);
        }
    }
    Ok(())
}

/// Whether anything moved.
fn merge_row(cursors: &mut Cursors, acked: &[(u8, Seq)]) -> bool {
    let mut moved = false;
    for (slot, seq) in acked {
        match cursors.binary_search_by_key(slot, |(slot, _)| *slot) {
            Ok(at) if cursors[at].1 >= *seq => {}
            Ok(at) => {
                cursors[at].1 = *seq;
                moved = true;
            }
            Err(at) => {
                cursors.insert(at, (*slot, *seq));
                moved = true;
            }
        }
    }
    moved
}

/// Forgets what the device had, and stores these positions, given ascending by slot.
pub(super) fn replace_cursors(
    transaction: &mut Transaction<'_, '_>,
    user: &UserId,
    device: &DeviceId,
    positions: Vec<(u32, Seq)>,
) -> StoreResult<()> {
    remove_cursors(transaction, user, device)?;
    for row in positions.chunk_by(|(a, _), (b, _)| a / SLOTS_PER_ROW == b / SLOTS_PER_ROW) {
        let cursors = row.iter().map(|(slot, seq)| ((slot % SLOTS_PER_ROW) as u8, *seq)).collect();
        transaction.put_cursors(&keys::cursor(user, device, row[0].0), &cursors);
    }
    Ok(())
}

fn remove_cursors(
    transaction: &mut Transaction<'_, '_>,
    user: &UserId,
    device: &DeviceId,
) -> StoreResult<()> {
    let prefix = keys::cursors(user, device);
    let mut rows = Vec::new();
    transaction.scan(Table::Cursor, &prefix, &prefix, &mut |key, _| {
        rows.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    for row in rows {
        transaction.remove(Table::Cursor, &row);
    }
    Ok(())
}

/// Ends a device's registration: its cursors go, and one day the row.
fn end(transaction: &mut Transaction<'_, '_>, user: &UserId, stored: &mut StoredDevice) -> StoreResult<()> {
    stored.ended_ms = Some(transaction.now);
    transaction.put_device(user, stored);
    let device = &stored.device.info.id;
    let due = Due::Device(user.clone(), device.clone());
    transaction.put_due(transaction.now.plus(transaction.offline_ms()), &due);
    remove_cursors(transaction, user, device)
}

/// The same, and its sessions end.
pub(super) fn deactivate(
    transaction: &mut Transaction<'_, '_>,
    user: &UserId,
    mut stored: StoredDevice,
) -> StoreResult<UserRev> {
    end(transaction, user, &mut stored)?;
    let device = stored.device.info.id;
    let mut state = transaction.user(user)?.unwrap_or_default();
    state.rev = state.rev.next();
    transaction.put_user(user, &state);
    transaction.fact(Fact::DeviceRemoved { user: user.clone(), device, user_rev: state.rev });
    Ok(state.rev)
}

/// A user removes a device.
pub(crate) struct RemoveDevice {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
}

impl Mutation for RemoveDevice {
    type Answer = UserRev;
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<UserRev> {
        let found = transaction.device(&self.user, &self.device)?.filter(StoredDevice::is_active);
        let mut stored = found.ok_or(Refusal::NotFound)?;
        stored.revoked_ms = Some(transaction.now);
        deactivate(transaction, &self.user, stored)
    }
}

/// Devices that looked idle a moment ago.
pub(crate) struct ExpireDevices {
    pub(crate) devices: Vec<(UserId, DeviceId)>,
    pub(crate) idle_since: Millis,
}

impl Mutation for ExpireDevices {
    type Answer = u64;
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<u64> {
        let mut expired = 0;
        for (user, device) in self.devices {
            let Some(mut stored) = transaction.device(&user, &device)? else { continue };
            if !stored.is_active() || stored.device.last_active_ms > self.idle_since {
                continue;
            }
            end(transaction, &user, &mut stored)?;
            expired += 1;
        }
        Ok(expired)
    }
}
