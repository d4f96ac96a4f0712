//! Rooms: create, list, get, update, changes.

use bongsu_service::{Created, NewRoom, Service, UpdateRequest};
use bongsu_wire::{
    ChangesResult, CreateResult, CreateRoom, GetRoom, ListRooms, ListRow, RoomChanges, RoomPage, SeqResult,
    UpdateRoom, WireError,
};

use super::Caller;
use super::messages::record;
use crate::convert;
use crate::error::wire_error;

pub(super) async fn create(
    service: &Service,
    caller: &Caller,
    params: CreateRoom,
) -> Result<CreateResult, WireError> {
    let CreateRoom { kind, members, name, image, data, key, history_before_join, retention } = params;
    let room = NewRoom { kind, members, name, image, data, key, history_before_join, retention };
    let created = match caller {
        Caller::User { actor, .. } | Caller::Server { acting: Some(actor), .. } => {
            service.create_room(actor, room).await
        }
        Caller::Server { key, acting: None } => service.create_room_as_key(key, room).await,
    };
    let Created { room, created } = created.map_err(wire_error)?;
    Ok(CreateResult { room, created })
}

pub(super) async fn list(
    service: &Service,
    caller: &Caller,
    params: ListRooms,
) -> Result<RoomPage, WireError> {
    let ListRooms { limit, cursor, unread_only, kind, hidden } = params;
    let limit = limit.map(super::items);
    let request = bongsu_service::ListRooms { limit, cursor, unread_only, kind, hidden };
    service.list_rooms(caller.actor()?, request).await.map(convert::room_page).map_err(wire_error)
}

pub(super) async fn get(service: &Service, caller: &Caller, params: GetRoom) -> Result<ListRow, WireError> {
    let view = service.room(caller.actor()?, params.room).await.map_err(wire_error)?;
    Ok(convert::room_view(&view))
}

pub(super) async fn update(
    service: &Service,
    caller: &Caller,
    params: UpdateRoom,
) -> Result<SeqResult, WireError> {
    let request = UpdateRequest { room: params.room, change: params.change(), client_id: params.client_id };
    service.update_room(caller.actor()?, request).await.map(record).map_err(wire_error)
}

pub(super) async fn changes(
    service: &Service,
    caller: &Caller,
    params: RoomChanges,
) -> Result<ChangesResult, WireError> {
    let changes = service.changes(caller.actor()?, params.since).await.map_err(wire_error)?;
    let (changes, user_rev) = convert::changes(changes);
    Ok(ChangesResult { list_reset: changes.is_none(), changes, user_rev })
}
