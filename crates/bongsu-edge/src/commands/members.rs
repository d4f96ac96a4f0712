//! Members: list, add, remove, leave, roles.

use bongsu_service::{Actor, Changed, Service, ServiceResult};
use bongsu_wire::{AddMembers, LeaveRoom, ListMembers, MemberPage, RemoveMembers, SeqResult, SetRole};

use super::{Answer, answer, limit};
use crate::convert;

/// `room.members`.
pub(crate) async fn list(service: &Service, actor: &Actor, params: ListMembers) -> Answer<MemberPage> {
    let ListMembers { room, limit: items, cursor } = params;
    let request = bongsu_service::ListMembers { room, limit: limit(items), cursor };
    let page = answer(service.members(actor, request).await)?;
    Ok(MemberPage { members: page.members.iter().map(convert::member).collect(), cursor: page.cursor })
}

/// `room.add_members`.
pub(crate) async fn add(service: &Service, actor: &Actor, params: AddMembers) -> Answer<SeqResult> {
    seq(service.add_members(actor, params.room, params.users).await)
}

/// `room.remove_members`.
pub(crate) async fn remove(service: &Service, actor: &Actor, params: RemoveMembers) -> Answer<SeqResult> {
    seq(service.remove_members(actor, params.room, params.users).await)
}

/// `room.leave`.
pub(crate) async fn leave(service: &Service, actor: &Actor, params: LeaveRoom) -> Answer<SeqResult> {
    seq(service.leave(actor, params.room).await)
}

/// `room.set_role`.
pub(crate) async fn set_role(service: &Service, actor: &Actor, params: SetRole) -> Answer<SeqResult> {
    seq(service.set_role(actor, params.room, &params.user, params.role).await)
}

fn seq(result: ServiceResult<Changed>) -> Answer<SeqResult> {
    answer(result).map(|changed| SeqResult { seq: changed.seq })
}
