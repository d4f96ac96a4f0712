//! Who is in a room: list, add, remove, leave, give roles.

use bongsu_service::Service;
use bongsu_wire::{
    AddMembers, LeaveRoom, ListMembers, MemberPage, RemoveMembers, SeqResult, SetRole, WireError,
};

use super::Caller;
use super::messages::record;
use crate::convert;
use crate::error::wire_error;

pub(super) async fn list(
    service: &Service,
    caller: &Caller,
    params: ListMembers,
) -> Result<MemberPage, WireError> {
    let ListMembers { room, limit, cursor } = params;
    let request = bongsu_service::ListMembers { room, limit: limit.map(super::items), cursor };
    service.members(caller.actor()?, request).await.map(convert::member_page).map_err(wire_error)
}

pub(super) async fn add(
    service: &Service,
    caller: &Caller,
    params: AddMembers,
) -> Result<SeqResult, WireError> {
    let AddMembers { room, users } = params;
    service.add_members(caller.actor()?, room, users).await.map(record).map_err(wire_error)
}

pub(super) async fn remove(
    service: &Service,
    caller: &Caller,
    params: RemoveMembers,
) -> Result<SeqResult, WireError> {
    let RemoveMembers { room, users } = params;
    service.remove_members(caller.actor()?, room, users).await.map(record).map_err(wire_error)
}

pub(super) async fn leave(
    service: &Service,
    caller: &Caller,
    params: LeaveRoom,
) -> Result<SeqResult, WireError> {
    service.leave(caller.actor()?, params.room).await.map(record).map_err(wire_error)
}

pub(super) async fn set_role(
    service: &Service,
    caller: &Caller,
    params: SetRole,
) -> Result<SeqResult, WireError> {
    let SetRole { room, user, role } = params;
    service.set_role(caller.actor()?, room, &user, role).await.map(record).map_err(wire_error)
}
