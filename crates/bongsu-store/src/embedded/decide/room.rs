//! Changing what a room is, and who decides in it.

use bongsu_types::{Head, JsonObject, RecordBody, Role, Room, RoomChange, RoomId, RoomKind, UserId};

use super::change::{changed, repeated, unchanged};
use super::create_room::{check_transit, put_retained};
use super::member;
use crate::embedded::job::Mutation;
use crate::embedded::source::Source;
use crate::embedded::transaction::Transaction;
use crate::{Authority, Changed, Refusal, StoreResult, UpdateRoom};

impl Mutation for UpdateRoom {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        let once = self.once.as_ref();
        if let Some(changed) = repeated(transaction, self.room, &self.actor, once)? {
            return Ok(changed);
        }
        let own = transaction.require_member(&self.actor, self.room)?;
        let mut stored = transaction.require_room(self.room)?;
        let is_allowed = match stored.room.kind {
            RoomKind::Direct => self.authority == Authority::Server && is_data_only(&self.change),
            RoomKind::Group | RoomKind::Channel => own.row.role >= Role::Admin,
        };
        if !is_allowed {
            return Err(Refusal::Forbidden.into());
        }
        let mut head = transaction.require_head(self.room)?;
        let change = what_differs(&stored.room, self.change);
        if change == RoomChange::default() {
            return Ok(unchanged(transaction, self.room, &self.actor, once, head.seq));
        }
        apply(&mut stored.room, &change);
        if let Some(retention) = change.retention {
            check_transit(transaction, retention, head.members as usize)?;
            put_retained(transaction, &stored.room);
        }
        transaction.put_room(&stored);
        let body = RecordBody::RoomUpdated(Box::new(change));
        let record =
            transaction.append_record(&mut head, &self.actor, body, once.map(|once| &once.client_id));
        transaction.put_head(&head);
        Ok(changed(transaction, self.room, &self.actor, once, record.seq))
    }
}

fn is_data_only(change: &RoomChange) -> bool {
    RoomChange { data: None, ..change.clone() } == RoomChange::default()
}

/// `{}` clears.
fn given(data: &JsonObject) -> Option<&JsonObject> {
    Some(data).filter(|data| !data.is_empty())
}

fn what_differs(room: &Room, change: RoomChange) -> RoomChange {
    RoomChange {
        name: change.name.filter(|name| *name != room.name),
        image: change.image.filter(|image| *image != room.image),
        data: change.data.filter(|data| given(data) != room.data.as_ref()),
        history_before_join: change.history_before_join.filter(|rule| *rule != room.history_before_join),
        retention: change.retention.filter(|retention| *retention != room.retention),
    }
}

fn apply(room: &mut Room, change: &RoomChange) {
    if let Some(name) = &change.name {
        room.name.clone_from(name);
    }
    if let Some(image) = &change.image {
        room.image.clone_from(image);
    }
    if let Some(data) = &change.data {
        room.data = given(data).cloned();
    }
    if let Some(rule) = change.history_before_join {
        room.history_before_join = rule;
    }
    if let Some(retention) = change.retention {
        room.retention = retention;
    }
}

/// An owner gives a role.
pub(crate) struct SetRole {
    pub(crate) room: RoomId,
    pub(crate) actor: UserId,
    pub(crate) user: UserId,
    pub(crate) role: Role,
}

impl Mutation for SetRole {
    type Answer = Changed;

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Changed> {
        let actor = transaction.require_member(&self.actor, self.room)?;
        let kind = transaction.require_room(self.room)?.room.kind;
        if kind == RoomKind::Direct || actor.row.role != Role::Owner {
            return Err(Refusal::Forbidden.into());
        }
        let found = transaction.member_own(&self.user, self.room)?;
        let mut own = found.ok_or(Refusal::NotFound)?;
        let mut head = transaction.require_head(self.room)?;
        if own.row.role == self.role {
            return Ok(Changed { seq: head.seq, duplicate: false });
        }
        if own.row.role == Role::Owner && !has_other_owner(transaction, self.room, &self.user)? {
            return Err(Refusal::LastOwner.into());
        }
        member::give_role(transaction, &mut own, self.role);
        let seq = write_role(transaction, &mut head, &self.actor, &self.user, self.role);
        transaction.put_head(&head);
        Ok(Changed { seq, duplicate: false })
    }
}

/// Writes the record of a new role.
pub(super) fn write_role(
    transaction: &mut Transaction<'_, '_>,
    head: &mut Head,
    actor: &UserId,
    user: &UserId,
    role: Role,
) -> bongsu_types::Seq {
    let body = RecordBody::MemberRole { user: user.clone(), role };
    transaction.append_record(head, actor, body, None).seq
}

fn has_other_owner(transaction: &Transaction<'_, '_>, room: RoomId, user: &UserId) -> StoreResult<bool> {
    let members = transaction.members(room)?;
    Ok(members.iter().any(|(other, member)| member.role == Role::Owner && other != user))
}
