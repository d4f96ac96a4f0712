//! A device says hello: the commit that makes its session the current one.

use bongsu_types::{Device, Epoch, Fact, Millis, RoomId, Seq, SessionNo, UserId, UserRev};

use super::devices::{deactivate, merge_cursors, replace_cursors};
use super::people::change_profile;
use crate::embedded::job::Mutation;
use crate::embedded::row::people::StoredDevice;
use crate::embedded::source::Source;
use crate::embedded::transaction::Transaction;
use crate::{Hello, Refusal, StoreResult};

/// What the commit decided; the positions are read from a snapshot after it.
pub(crate) struct Session {
    pub(crate) epoch: Epoch,
    pub(crate) session_no: SessionNo,
    pub(crate) resumed: bool,
    pub(crate) user_rev: UserRev,
}

impl Mutation for Hello {
    type Answer = Session;
    const USES_RESERVE: bool = true;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Session> {
        let known = transaction.device(&self.user, &self.device.id)?;
        check_token(transaction, &self, known.as_ref())?;
        let was_active = known.as_ref().is_some_and(StoredDevice::is_active);
        let is_same_epoch = known.as_ref().is_some_and(|known| known.epoch == transaction.epoch)
            && self.epoch == Some(transaction.epoch);
        let resumed = was_active && is_same_epoch && !knows_what_never_was(transaction, &self)?;

        change_profile(transaction, &self.user, &self.profile.unwrap_or_default())?;
        if !was_active {
            make_room(transaction, &self.user)?;
        }
        let before = known.as_ref().map(|known| &known.device);
        let session_no = before.map_or(SessionNo::ZERO, |device| device.session_no).next();
        let last_active_ms = before.map_or(Millis::ZERO, |device| device.last_active_ms).max(transaction.now);
        let stored = StoredDevice {
            device: Device { info: self.device, session_no, last_active_ms },
            epoch: transaction.epoch,
            ended_ms: None,
            revoked_ms: known.as_ref().and_then(|known| known.revoked_ms),
        };
        transaction.put_device(&self.user, &stored);
        let device = stored.device.info.id;
        if resumed {
            merge_cursors(transaction, &self.user, &device, &self.cursors)?;
        } else {
            let heads = heads_of(transaction, &self.user)?;
            replace_cursors(transaction, &self.user, &device, heads)?;
        }
        transaction.fact(Fact::SessionOpened { user: self.user.clone(), device, session_no });
        // Read here and not after the commit: what follows it must look newer to the session.
        let user_rev = transaction.user_rev(&self.user)?;
        Ok(Session { epoch: transaction.epoch, session_no, resumed, user_rev })
    }
}

/// A cursor above the head of a room of the user: the client comes from another life of this store.
fn knows_what_never_was(transaction: &Transaction<'_, '_>, hello: &Hello) -> StoreResult<bool> {
    for (room, seq) in &hello.cursors {
        let is_member = transaction.member_own(&hello.user, *room)?.is_some();
        if is_member && *seq > transaction.require_head(*room)?.seq {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A token issued at or before the user's revocation or the device's removal opens nothing.
fn check_token(
    transaction: &Transaction<'_, '_>,
    hello: &Hello,
    known: Option<&StoredDevice>,
) -> StoreResult<()> {
    let of_user = transaction.user(&hello.user)?.unwrap_or_default().revoked_ms;
    let of_device = known.and_then(|known| known.revoked_ms);
    if of_user.max(of_device).is_some_and(|revoked| hello.issued_ms <= revoked) {
        return Err(Refusal::TokenRevoked.into());
    }
    Ok(())
}

/// One device more than allowed replaces the least recently active one. Its tokens stay good: it may come back.
fn make_room(transaction: &mut Transaction<'_, '_>, user: &UserId) -> StoreResult<()> {
    let mut active = transaction.devices_of(user)?;
    active.retain(StoredDevice::is_active);
    active.sort_by_key(|stored| (stored.device.last_active_ms, stored.device.info.id.clone()));
    let excess = (active.len() + 1).saturating_sub(transaction.limits.devices_per_user);
    for stored in active.into_iter().take(excess) {
        deactivate(transaction, user, stored)?;
    }
    Ok(())
}

/// The heads of all rooms of a user, with the slots of their cursors.
fn heads_of(transaction: &Transaction<'_, '_>, user: &UserId) -> StoreResult<Vec<(u32, Seq)>> {
    let mut heads: Vec<(u32, RoomId, Seq)> = Vec::new();
    for own in transaction.own_rows(user)?.into_iter().filter(|own| own.row.is_member()) {
        heads.push((own.slot, own.row.room, transaction.require_head(own.row.room)?.seq));
    }
    heads.sort_unstable_by_key(|(slot, ..)| *slot);
    Ok(heads.into_iter().map(|(slot, _, seq)| (slot, seq)).collect())
}
