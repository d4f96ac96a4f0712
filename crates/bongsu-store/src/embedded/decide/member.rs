//! One user comes into a room or goes: the rows that change together.

use bongsu_types::{Head, Millis, Ordinal, OwnChange, OwnRow, Role, Seq, Settings, UserId, UserRev};

use crate::embedded::keys::{self, Due};
use crate::embedded::row::own::StoredOwn;
use crate::embedded::source::{Source, empty_profile};
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{Refusal, StoreResult};

/// How a user comes into a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) role: Role,
    /// Awaits acceptance, and does not count as a room of the user until then.
    pub(super) request: bool,
    pub(super) joined_seq: Seq,
    pub(super) joined_ord: Ordinal,
    pub(super) joined_ms: Millis,
    pub(super) read_seq: Seq,
    pub(super) read_ord: Ordinal,
}

/// Refuses when one more room would be too many for `user`.
pub(super) fn check_rooms(transaction: &Transaction<'_, '_>, user: &UserId) -> StoreResult<()> {
    let max = transaction.limits.rooms_per_user;
    if transaction.user(user)?.unwrap_or_default().rooms as usize >= max {
        return Err(Refusal::LimitReached { limit: "rooms_per_user", max: max as u64 }.into());
    }
    Ok(())
}

/// Lets a user in. The caller has raised `head.members`, and wrote the record if there is one.
pub(super) fn enter(
    transaction: &mut Transaction<'_, '_>,
    head: &Head,
    user: &UserId,
    entry: Entry,
) -> StoreResult<()> {
    let tombstone = transaction.own(user, head.room)?;
    let mut state = transaction.user(user)?.unwrap_or_default();
    state.known = true;
    if !entry.request {
        state.rooms += 1;
    }
    // A slot stays with its room: the cursors of an earlier membership never speak for another room.
    let slot = match &tombstone {
        Some(old) => old.slot,
        None => {
            state.next_slot += 1;
            state.next_slot - 1
        }
    };
    transaction.put_user(user, &state);
    let mut own = StoredOwn {
        row: OwnRow {
            user: user.clone(),
            room: head.room,
            role: entry.role,
            joined_seq: entry.joined_seq,
            joined_ord: entry.joined_ord,
            joined_ms: entry.joined_ms,
            read_seq: entry.read_seq,
            read_ord: entry.read_ord,
            marked_unread: false,
            settings: Settings::default(),
            request: entry.request,
            mentions: Vec::new(),
            user_rev: tombstone.map_or(UserRev::ZERO, |old| old.row.user_rev),
            removed_ms: None,
            left_seq: None,
        },
        slot,
    };
    transaction.put_member(&own);
    transaction.own_fact(&mut own, head.seq, OwnChange::Joined { from_seq: entry.joined_seq })?;
    Ok(())
}

/// Turns the own row of a member into a tombstone. The caller has lowered `head.members`.
pub(super) fn depart(
    transaction: &mut Transaction<'_, '_>,
    head: &Head,
    own: &mut StoredOwn,
    left_seq: Seq,
) -> StoreResult<()> {
    let user = own.row.user.clone();
    if !own.row.request {
        let mut state = transaction.user(&user)?.unwrap_or_default();
        state.rooms = state.rooms.saturating_sub(1);
        transaction.put_user(&user, &state);
    }
    transaction.remove(Table::Member, &keys::member(head.room, &user));
    own.row.removed_ms = Some(transaction.now);
    own.row.left_seq = Some(left_seq);
    let due = transaction.now.plus(transaction.offline_ms());
    transaction.put_due(due, &Due::Tombstone(user, head.room));
    transaction.own_fact(own, left_seq, OwnChange::Removed { left_seq })?;
    Ok(())
}

/// Changes a member's role, in the own row and in the index.
pub(super) fn give_role(transaction: &mut Transaction<'_, '_>, own: &mut StoredOwn, role: Role) {
    own.row.role = role;
    transaction.put_own(own);
    transaction.put_member(own);
}

/// Names a user who is unknown so far, when there is a name to give.
pub(super) fn name_user(transaction: &mut Transaction<'_, '_>, user: &UserId, name: &str) -> StoreResult<()> {
    let mut profile = transaction.profile(user)?.unwrap_or_else(|| empty_profile(user));
    if profile.name.is_empty() && !name.is_empty() {
        name.clone_into(&mut profile.name);
        transaction.change_profile(&profile);
    }
    Ok(())
}
