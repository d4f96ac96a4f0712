//! Rows read by name: the same questions asked of a snapshot and of a batch that is being decided.

use std::ops::ControlFlow;

use bongsu_types::{
    ClientId, CommitNo, DeviceId, Emoji, Head, Ordinal, Profile, RoomId, Seq, UserId, UserRev,
};
use fjall::UserValue;

use super::codec::Decoded;
use super::keys;
use super::row::log::{StoredRecord, decode_record, peek_ord};
use super::row::own::{StoredMember, StoredOwn, decode_member, decode_own};
use super::row::people::{
    Cursors, StoredDevice, UserState, decode_cursors, decode_device, decode_profile, decode_user,
};
use super::row::reply::{StoredReply, decode_reply};
use super::row::room::{StoredRoom, decode_everyone, decode_head, decode_room};
use super::table::{Table, decoded};
use crate::StoreResult;

/// Called with each key and value of a scan; `Break` ends it.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> StoreResult<ControlFlow<()>> + 'a;

/// Where rows come from.
pub(crate) trait Source {
    fn get(&self, table: Table, key: &[u8]) -> StoreResult<Option<UserValue>>;

    /// Rows whose key begins with `prefix` and is not less than `from`, ascending.
    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> StoreResult<()>;

    /// One row, decoded.
    fn row<T>(
        &self,
        table: Table,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Decoded<T>,
    ) -> StoreResult<Option<T>>
    where
        Self: Sized,
    {
        match self.get(table, key)? {
            Some(value) => decoded(table, key, decode(&value)).map(Some),
            None => Ok(None),
        }
    }

    fn room(&self, room: RoomId) -> StoreResult<Option<StoredRoom>>
    where
        Self: Sized,
    {
        self.row(Table::Room, &keys::room(room), |value| decode_room(room, value))
    }

    fn head(&self, room: RoomId) -> StoreResult<Option<Head>>
    where
        Self: Sized,
    {
        self.row(Table::Head, &keys::room(room), |value| decode_head(room, value))
    }

    fn everyone(&self, room: RoomId) -> StoreResult<Vec<Ordinal>>
    where
        Self: Sized,
    {
        Ok(self.row(Table::Everyone, &keys::room(room), decode_everyone)?.unwrap_or_default())
    }

    fn record(&self, room: RoomId, seq: Seq) -> StoreResult<Option<StoredRecord>>
    where
        Self: Sized,
    {
        self.row(Table::Log, &keys::log(room, seq), |value| decode_record(room, seq, value))
    }

    fn record_ord(&self, room: RoomId, seq: Seq) -> StoreResult<Option<Ordinal>>
    where
        Self: Sized,
    {
        self.row(Table::Log, &keys::log(room, seq), peek_ord)
    }

    fn own(&self, user: &UserId, room: RoomId) -> StoreResult<Option<StoredOwn>>
    where
        Self: Sized,
    {
        self.row(Table::Own, &keys::own(user, room), |value| decode_own(user, room, value))
    }

    /// The own row of a present member.
    fn member_own(&self, user: &UserId, room: RoomId) -> StoreResult<Option<StoredOwn>>
    where
        Self: Sized,
    {
        Ok(self.own(user, room)?.filter(|own| own.row.is_member()))
    }

    /// All own rows of a user, tombstones included, by room.
    fn own_rows(&self, user: &UserId) -> StoreResult<Vec<StoredOwn>>
    where
        Self: Sized,
    {
        let prefix = keys::of_user(user);
        let mut rows = Vec::new();
        self.scan(Table::Own, &prefix, &prefix, &mut |key, value| {
            let row = keys::own_parts(key).and_then(|(_, room)| decode_own(user, room, value));
            rows.push(decoded(Table::Own, key, row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// Present members by user id.
    fn members(&self, room: RoomId) -> StoreResult<Vec<(UserId, StoredMember)>>
    where
        Self: Sized,
    {
        let mut members = Vec::new();
        self.scan(Table::Member, &keys::room(room), &keys::room(room), &mut |key, value| {
            let user = decoded(Table::Member, key, keys::member_parts(key))?.1;
            members.push((user, decoded(Table::Member, key, decode_member(value))?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(members)
    }

    fn user(&self, user: &UserId) -> StoreResult<Option<UserState>>
    where
        Self: Sized,
    {
        self.row(Table::User, user.as_str().as_bytes(), decode_user)
    }

    fn user_rev(&self, user: &UserId) -> StoreResult<UserRev>
    where
        Self: Sized,
    {
        Ok(self.user(user)?.unwrap_or_default().rev)
    }

    /// The profile of a known user: empty when none was ever given.
    fn profile(&self, user: &UserId) -> StoreResult<Option<Profile>>
    where
        Self: Sized,
    {
        let key = user.as_str().as_bytes();
        if let Some(profile) = self.row(Table::Profile, key, |value| decode_profile(user, value))? {
            return Ok(Some(profile));
        }
        Ok(self.user(user)?.filter(|state| state.known).map(|_| empty_profile(user)))
    }

    fn device(&self, user: &UserId, device: &DeviceId) -> StoreResult<Option<StoredDevice>>
    where
        Self: Sized,
    {
        self.row(Table::Device, &keys::device(user, device), |value| decode_device(device, value))
    }

    /// All devices of a user, inactive ones included, by id.
    fn devices_of(&self, user: &UserId) -> StoreResult<Vec<StoredDevice>>
    where
        Self: Sized,
    {
        let prefix = keys::of_user(user);
        let mut devices = Vec::new();
        self.scan(Table::Device, &prefix, &prefix, &mut |key, value| {
            let device = keys::device_parts(key).and_then(|(_, device)| decode_device(&device, value));
            devices.push(decoded(Table::Device, key, device)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(devices)
    }

    /// The row of cursors that holds `slot`.
    fn cursor_row(&self, user: &UserId, device: &DeviceId, slot: u32) -> StoreResult<Cursors>
    where
        Self: Sized,
    {
        let key = keys::cursor(user, device, slot);
        Ok(self.row(Table::Cursor, &key, decode_cursors)?.unwrap_or_default())
    }

    fn reply(&self, room: RoomId, actor: &UserId, client_id: &ClientId) -> StoreResult<Option<StoredReply>>
    where
        Self: Sized,
    {
        self.row(Table::Once, &keys::once(room, actor, client_id), decode_reply)
    }

    /// What `user` reacted to `target` with.
    fn reactions_of(&self, room: RoomId, target: Seq, user: &UserId) -> StoreResult<Vec<Emoji>>
    where
        Self: Sized,
    {
        let prefix = keys::reactions_of(room, target, user);
        let mut emojis = Vec::new();
        self.scan(Table::Reaction, &prefix, &prefix, &mut |key, _| {
            emojis.push(decoded(Table::Reaction, key, keys::reaction_parts(key))?.1);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(emojis)
    }

    /// The room an index row names.
    fn indexed_room(&self, table: Table, key: &[u8]) -> StoreResult<Option<RoomId>>
    where
        Self: Sized,
    {
        self.row(table, key, keys::room_of)
    }

    /// Last commit.
    fn last_commit(&self) -> StoreResult<CommitNo>
    where
        Self: Sized,
    {
        Ok(self.row(Table::Meta, keys::LAST, super::row::meta::decode_commit_no)?.unwrap_or_default())
    }
}

/// What others see of a user who never said anything of themselves.
pub(crate) fn empty_profile(user: &UserId) -> Profile {
    Profile { user: user.clone(), name: String::new(), image: String::new(), data: None }
}
