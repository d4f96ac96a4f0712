//! Creating a room, or finding it by its pair or key.

use bongsu_types::{
    Head, Ordinal, RecordBody, Retention, Role, Room, RoomId, RoomKind, Seq, UserId, direct_pair,
};

use super::member::{self, Entry};
use crate::embedded::job::Mutation;
use crate::embedded::keys;
use crate::embedded::row::room::{Origin, StoredRoom};
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::{CreateRoom, Created, KeyScopeOfRoom, Refusal, StoreResult};

impl Mutation for CreateRoom {
    type Answer = Created;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Created> {
        if let Some(room) = self.existing(transaction)? {
            transaction.require_member(&self.creator, room)?;
            return Ok(Created { room, created: false });
        }
        self.check_limits(transaction)?;
        let room = RoomId::mint(transaction.now);
        let mut head = self.begin_log(transaction, room);
        if self.kind != RoomKind::Channel {
            let body = RecordBody::MemberAdded { users: self.everybody().cloned().collect() };
            transaction.append_record(&mut head, &self.creator, body, None);
        }
        transaction.put_head(&head);
        for user in self.everybody() {
            let entry = Entry {
                role: self.role_of(user),
                request: self.awaits(user),
                joined_seq: Seq(1),
                joined_ord: Ordinal::ZERO,
                joined_ms: transaction.now,
                read_seq: Seq::ZERO,
                read_ord: Ordinal::ZERO,
            };
            member::enter(transaction, &head, user, entry)?;
        }
        Ok(Created { room, created: true })
    }
}

impl CreateRoom {
    /// All members of the new room, the creator first.
    fn everybody(&self) -> impl Iterator<Item = &UserId> {
        std::iter::once(&self.creator).chain(self.members.iter().filter(|user| **user != self.creator))
    }

    fn pair(&self) -> Option<(UserId, UserId)> {
        match (self.kind, self.members.first()) {
            (RoomKind::Direct, Some(other)) => Some(direct_pair(&self.creator, other)),
            (RoomKind::Direct, None) | (RoomKind::Group | RoomKind::Channel, _) => None,
        }
    }

    fn existing(&self, transaction: &Transaction<'_, '_>) -> StoreResult<Option<RoomId>> {
        if let Some((a, b)) = self.pair() {
            return transaction.indexed_room(Table::Pair, &keys::pair(&a, &b));
        }
        match &self.key {
            Some((scope, key)) => {
                transaction.indexed_room(Table::Key, &keys::room_key(*scope, &self.creator, key))
            }
            None => Ok(None),
        }
    }

    fn check_limits(&self, transaction: &Transaction<'_, '_>) -> StoreResult<()> {
        let members = self.everybody().count();
        check_members(transaction, self.kind, self.retention, members)?;
        for user in self.everybody().filter(|user| !self.awaits(user)) {
            member::check_rooms(transaction, user)?;
        }
        Ok(())
    }

    fn awaits(&self, user: &UserId) -> bool {
        self.request && self.kind == RoomKind::Direct && *user != self.creator
    }

    fn role_of(&self, user: &UserId) -> Role {
        if self.kind != RoomKind::Direct && *user == self.creator { Role::Owner } else { Role::Member }
    }

    /// Writes the room and its indexes; answers the head of its empty log.
    fn begin_log(&self, transaction: &mut Transaction<'_, '_>, id: RoomId) -> Head {
        let pair = self.pair();
        let key = if pair.is_some() { None } else { self.key.clone() };
        if let Some((a, b)) = &pair {
            transaction.put(Table::Pair, &keys::pair(a, b), keys::room(id).to_vec());
        }
        if let Some((scope, key)) = &key {
            let row = keys::room_key(*scope, &self.creator, key);
            transaction.put(Table::Key, &row, keys::room(id).to_vec());
        }
        let room = Room {
            id,
            kind: self.kind,
            key: key.as_ref().map(|(_, key)| key.clone()),
            name: self.name.clone(),
            image: self.image.clone(),
            data: self.data.clone(),
            creator: self.creator.clone(),
            created_ms: transaction.now,
            history_before_join: self.history_before_join,
            retention: self.retention,
            pair,
        };
        let scope = key.map_or(KeyScopeOfRoom::Creator, |(scope, _)| scope);
        let members = u32::try_from(self.everybody().count()).unwrap_or(u32::MAX);
        let head = empty_head(&room, members);
        put_retained(transaction, &room);
        transaction.put_room(&StoredRoom { room, scope, origin: Origin::Created });
        head
    }
}

/// The head of a log without records.
pub(super) fn empty_head(room: &Room, members: u32) -> Head {
    Head {
        room: room.id,
        kind: room.kind,
        seq: Seq::ZERO,
        ord: Ordinal::ZERO,
        active_ms: room.created_ms,
        last_message: Seq::ZERO,
        floor_seq: Seq::ZERO,
        floor_ord: Ordinal::ZERO,
        expired_ord: Ordinal::ZERO,
        members,
    }
}

/// Tells the sweeper which rooms it has to look at.
pub(super) fn put_retained(transaction: &mut Transaction<'_, '_>, room: &Room) {
    match room.retention {
        Retention::History { days: None } => transaction.remove(Table::Retained, &keys::room(room.id)),
        Retention::History { days: Some(_) } | Retention::Transit => {
            transaction.put(Table::Retained, &keys::room(room.id), Vec::new());
        }
    }
}

/// Refuses more members than the kind of room and its retention allow.
pub(super) fn check_members(
    transaction: &Transaction<'_, '_>,
    kind: RoomKind,
    retention: Retention,
    members: usize,
) -> StoreResult<()> {
    let limits = transaction.limits;
    let of_kind = match kind {
        RoomKind::Direct => None,
        RoomKind::Group => Some(("group_members", limits.group_members)),
        RoomKind::Channel => Some(("channel_members", limits.channel_members)),
    };
    if let Some((limit, max)) = of_kind.filter(|(_, max)| members > *max as usize) {
        return Err(Refusal::LimitReached { limit, max: u64::from(max) }.into());
    }
    check_transit(transaction, retention, members)
}

/// Refuses transit for a room of many.
pub(super) fn check_transit(
    transaction: &Transaction<'_, '_>,
    retention: Retention,
    members: usize,
) -> StoreResult<()> {
    let max = transaction.limits.small_room_members;
    if retention == Retention::Transit && members > max as usize {
        return Err(Refusal::LimitReached { limit: "small_room_members", max: u64::from(max) }.into());
    }
    Ok(())
}
