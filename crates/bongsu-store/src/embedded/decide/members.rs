//! Adding and removing members, leaving, and who owns what is left.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use bongsu_types::{Head, RecordBody, Role, RoomId, RoomKind, UserId};

use super::create_room::check_members;
use super::member::{self, Entry};
use super::room::write_role;
use crate::embedded::job::Mutation;
use crate::embedded::row::own::{StoredMember, StoredOwn};
use crate::embedded::row::room::StoredRoom;
use crate::embedded::source::Source;
use crate::embedded::transaction::Transaction;
use crate::{Changed, Refusal, StoreResult};

/// An admin adds users.
pub(crate) struct AddMembers {
    pub(crate) room: RoomId,
    pub(crate) actor: UserId,
    pub(crate) users: Vec<UserId>,
}

impl Mutation for AddMembers {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        let stored = admin_of(transaction, self.room, &self.actor)?.1;
        let mut head = transaction.require_head(self.room)?;
        let mut users = Vec::new();
        for user in distinct(self.users) {
            if transaction.member_own(&user, self.room)?.is_none() {
                users.push(user);
            }
        }
        if users.is_empty() {
            return Ok(Changed { seq: head.seq, duplicate: false });
        }
        let members = head.members as usize + users.len();
        check_members(transaction, stored.room.kind, stored.room.retention, members)?;
        for user in &users {
            member::check_rooms(transaction, user)?;
        }
        let before = head;
        head.members += users.len() as u32;
        if stored.room.kind != RoomKind::Channel {
            let body = RecordBody::MemberAdded { users: users.clone() };
            transaction.append_record(&mut head, &self.actor, body, None);
        }
        transaction.put_head(&head);
        for user in &users {
            let entry = Entry {
                role: Role::Member,
                request: false,
                joined_seq: before.seq.next(),
                joined_ord: before.ord,
                joined_ms: transaction.now,
                read_seq: before.seq,
                read_ord: before.ord,
            };
            member::enter(transaction, &head, user, entry)?;
        }
        Ok(Changed { seq: head.seq, duplicate: false })
    }
}

/// An admin removes users.
pub(crate) struct RemoveMembers {
    pub(crate) room: RoomId,
    pub(crate) actor: UserId,
    pub(crate) users: Vec<UserId>,
}

impl Mutation for RemoveMembers {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        let (actor, stored) = admin_of(transaction, self.room, &self.actor)?;
        let mut leaving = Vec::new();
        for user in distinct(self.users) {
            let Some(own) = transaction.member_own(&user, self.room)? else { continue };
            if own.row.role == Role::Owner && actor.row.role != Role::Owner {
                return Err(Refusal::Forbidden.into());
            }
            leaving.push(own);
        }
        remove(transaction, &stored, &self.actor, leaving)
    }
}

/// A member leaves.
pub(crate) struct Leave {
    pub(crate) room: RoomId,
    pub(crate) actor: UserId,
}

impl Mutation for Leave {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        let own = transaction.require_member(&self.actor, self.room)?;
        let stored = transaction.require_room(self.room)?;
        if stored.room.kind == RoomKind::Direct {
            return Err(Refusal::Forbidden.into());
        }
        remove(transaction, &stored, &self.actor, vec![own])
    }
}

/// The own row of an admin, and the room; in direct rooms nobody decides who is in.
fn admin_of(
    transaction: &Transaction<'_, '_>,
    room: RoomId,
    actor: &UserId,
) -> StoreResult<(StoredOwn, StoredRoom)> {
    let own = transaction.require_member(actor, room)?;
    let stored = transaction.require_room(room)?;
    if stored.room.kind == RoomKind::Direct || own.row.role < Role::Admin {
        return Err(Refusal::Forbidden.into());
    }
    Ok((own, stored))
}

fn remove(
    transaction: &mut Transaction<'_, '_>,
    stored: &StoredRoom,
    actor: &UserId,
    leaving: Vec<StoredOwn>,
) -> StoreResult<Changed> {
    let mut head = transaction.require_head(stored.room.id)?;
    if leaving.is_empty() {
        return Ok(Changed { seq: head.seq, duplicate: false });
    }
    head.members = head.members.saturating_sub(leaving.len() as u32);
    if stored.room.kind != RoomKind::Channel {
        let users = leaving.iter().map(|own| own.row.user.clone()).collect();
        transaction.append_record(&mut head, actor, RecordBody::MemberRemoved { users }, None);
    }
    let left_seq = head.seq;
    let an_owner_leaves = leaving.iter().any(|own| own.row.role == Role::Owner);
    for mut own in leaving {
        member::depart(transaction, &head, &mut own, left_seq)?;
    }
    if an_owner_leaves {
        find_owner(transaction, &mut head, actor)?;
    }
    transaction.put_head(&head);
    Ok(Changed { seq: left_seq, duplicate: false })
}

/// A room keeps an owner: the longest-standing admin, else member, follows the last one.
fn find_owner(transaction: &mut Transaction<'_, '_>, head: &mut Head, actor: &UserId) -> StoreResult<()> {
    let members = transaction.members(head.room)?;
    if members.iter().any(|(_, member)| member.role == Role::Owner) {
        return Ok(());
    }
    let rank = |(user, member): &(UserId, StoredMember)| {
        (Reverse(member.role), member.joined_seq, member.joined_ms, user.clone())
    };
    let Some((heir, _)) = members.into_iter().min_by_key(rank) else { return Ok(()) };
    let mut own = transaction.require_member(&heir, head.room)?;
    member::give_role(transaction, &mut own, Role::Owner);
    write_role(transaction, head, actor, &heir, Role::Owner);
    Ok(())
}

/// Each user once, in the order given.
fn distinct(users: Vec<UserId>) -> Vec<UserId> {
    let mut seen = BTreeSet::new();
    users.into_iter().filter(|user| seen.insert(user.clone())).collect()
}
