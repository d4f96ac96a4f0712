//! Each user: own rows against the index of members, the changes, the counts, and the cursors of devices.

use std::collections::BTreeMap;

use bongsu_types::{RoomId, Seq, UserId, UserRev};

use super::Check;
use crate::StoreResult;
use crate::embedded::keys::{self, SLOTS_PER_ROW};
use crate::embedded::row::own::{StoredOwn, decode_own};
use crate::embedded::row::people::{
    decode_cursors, decode_device, decode_profile, decode_server_key, decode_user,
};
use crate::embedded::source::Source;
use crate::embedded::table::Table;

/// What a user's own rows add up to.
#[derive(Default)]
struct Tally {
    rooms: u32,
    rev: UserRev,
    slots: BTreeMap<u32, RoomId>,
}

impl Check<'_> {
    pub(super) fn people(&mut self) -> StoreResult<()> {
        self.begin("users");
        let decode = |key: &[u8], value: &[u8]| Ok((keys::user_of(key)?, decode_user(value)?));
        let mut users = Vec::new();
        self.each(Table::User, &[], decode, |_, user| users.push(user))?;
        for (user, state) in users {
            self.report.counts.users += 1;
            let tally = self.own_rows(&user)?;
            self.expect(tally.rooms == state.rooms, || {
                format!("user {user}: {} rooms are counted, there are {}", state.rooms, tally.rooms)
            });
            self.expect(tally.rev <= state.rev, || {
                format!("user {user}: a row has revision {}, the user {}", tally.rev, state.rev)
            });
            let last_slot = tally.slots.last_key_value().map(|(slot, _)| *slot);
            self.expect(last_slot.is_none_or(|slot| slot < state.next_slot), || {
                format!("user {user}: a cursor slot would be given twice")
            });
            self.devices(&user, &tally)?;
        }
        self.begin("changes");
        self.strays()?;
        let decode = |key: &[u8], value: &[u8]| decode_profile(&keys::user_of(key)?, value);
        self.each(Table::Profile, &[], decode, |_, _| {})?;
        self.each(Table::ServerKey, &[], decode_server_key, |_, _| {})
    }

    fn own_rows(&mut self, user: &UserId) -> StoreResult<Tally> {
        let mut tally = Tally::default();
        let decode = |key: &[u8], value: &[u8]| decode_own(user, keys::own_parts(key)?.1, value);
        self.each(Table::Own, &keys::of_user(user), decode, |check, own| {
            check.own(&own);
            let row = &own.row;
            tally.rooms += u32::from(row.is_member() && !row.request);
            tally.rev = tally.rev.max(row.user_rev);
            let twice = tally.slots.insert(own.slot, row.room).is_some();
            check.expect(!twice, || format!("user {user}: two rooms share cursor slot {}", own.slot));
        })?;
        Ok(tally)
    }

    fn own(&mut self, own: &StoredOwn) {
        let (user, room) = (&own.row.user, own.row.room);
        let member = self.view.get(Table::Member, &keys::member(room, user));
        let is_listed = self.found(member).is_some();
        if own.row.is_member() {
            self.expect(is_listed, || format!("room {room}: user {user} is no member, the own row says so"));
        } else {
            self.report.counts.tombstones += 1;
            self.expect(!is_listed, || format!("room {room}: former member {user} is still listed"));
            self.expect(own.row.left_seq.is_some(), || {
                format!("room {room}: former member {user} never left")
            });
        }
        let change = self.view.indexed_room(Table::Change, &keys::change(user, own.row.user_rev));
        let indexed = self.found(change);
        self.expect(indexed == Some(room), || {
            format!("user {user}: change {} does not name room {room}", own.row.user_rev)
        });
    }

    fn devices(&mut self, user: &UserId, tally: &Tally) -> StoreResult<()> {
        let prefix = keys::of_user(user);
        let mut active = Vec::new();
        let decode = |key: &[u8], value: &[u8]| decode_device(&keys::device_parts(key)?.1, value);
        self.each(Table::Device, &prefix, decode, |check, stored| {
            check.report.counts.devices += 1;
            if stored.is_active() {
                active.push(stored.device.info.id);
            }
        })?;
        let mut of_active = 0_u64;
        for device in active {
            let decode = |key: &[u8], value: &[u8]| Ok((keys::cursor_row(key)?, decode_cursors(value)?));
            self.each(Table::Cursor, &keys::cursors(user, &device), decode, |check, (row, cursors)| {
                of_active += 1;
                for (slot, seq) in cursors {
                    check.cursor(user, tally, row * SLOTS_PER_ROW + u32::from(slot), seq);
                }
            })?;
        }
        let mut all = 0_u64;
        self.each(Table::Cursor, &prefix, |_, _| Ok(()), |_, ()| all += 1)?;
        self.expect(all == of_active, || format!("user {user}: an inactive device has cursors"));
        Ok(())
    }

    fn cursor(&mut self, user: &UserId, tally: &Tally, slot: u32, seq: Seq) {
        // A slot without a room is that of a tombstone that was swept.
        let Some(room) = tally.slots.get(&slot) else { return };
        let head = self.view.head(*room);
        let Some(head) = self.found(head) else { return };
        self.expect(seq <= head.seq, || format!("room {room}, user {user}: a cursor lies beyond the head"));
    }

    /// Rows of users or rooms that do not exist, and changes that name no row of theirs.
    fn strays(&mut self) -> StoreResult<()> {
        self.each(
            Table::Own,
            &[],
            |key, _| keys::own_parts(key),
            |check, (user, room)| {
                let exists = check.view.user(&user);
                let exists = check.found(exists).is_some();
                check.expect(exists, || format!("room {room} has an own row of {user}, who is unknown"));
                let stored = check.view.get(Table::Room, &keys::room(room));
                let exists = check.found(stored).is_some();
                check.expect(exists, || {
                    format!("user {user} has an own row of room {room}, which does not exist")
                });
            },
        )?;
        let decode = |key: &[u8], value: &[u8]| Ok((keys::change_parts(key)?, keys::room_of(value)?));
        self.each(Table::Change, &[], decode, |check, ((user, rev), room)| {
            let own = check.view.own(&user, room);
            let own = check.found(own);
            check.expect(own.is_some_and(|own| own.row.user_rev == rev), || {
                format!("user {user}: change {rev} names room {room}, whose row has another revision")
            });
        })
    }
}
