//! Rooms: create, list, get, update, accept.

use bongsu_service::auth::VerifiedKey;
use bongsu_service::{Actor, NewRoom, Service, UpdateRequest};
use bongsu_wire::{
    AcceptRoom, CreateResult, CreateRoom, GetRoom, ListRooms, ListRow, RoomPage, SeqResult, UpdateRoom,
};

use super::{Answer, answer, limit};
use crate::convert;

/// `room.create`.
pub(crate) async fn create(service: &Service, actor: &Actor, params: CreateRoom) -> Answer<CreateResult> {
    let created = answer(service.create_room(actor, new_room(params)).await)?;
    Ok(CreateResult { room: created.room, created: created.created })
}

/// `room.create` by a server key without an acting user.
pub(crate) async fn create_as_key(
    service: &Service,
    key: &VerifiedKey,
    params: CreateRoom,
) -> Answer<CreateResult> {
    let created = answer(service.create_room_as_key(key, new_room(params)).await)?;
    Ok(CreateResult { room: created.room, created: created.created })
}

fn new_room(params: CreateRoom) -> NewRoom {
    let CreateRoom { kind, members, name, image, data, key, history_before_join, retention } = params;
    NewRoom { kind, members, name, image, data, key, history_before_join, retention }
}

/// `room.list`.
pub(crate) async fn list(service: &Service, actor: &Actor, params: ListRooms) -> Answer<RoomPage> {
    let ListRooms { limit: rows, cursor, unread_only, kind, hidden } = params;
    let request = bongsu_service::ListRooms { limit: limit(rows), cursor, unread_only, kind, hidden };
    answer(service.list_rooms(actor, request).await).map(convert::list_page)
}

/// `room.get`.
pub(crate) async fn get(service: &Service, actor: &Actor, params: GetRoom) -> Answer<ListRow> {
    let view = answer(service.room(actor, params.room).await)?;
    Ok(convert::room_view(&view))
}

/// `room.update`.
pub(crate) async fn update(service: &Service, actor: &Actor, params: UpdateRoom) -> Answer<SeqResult> {
    let change = params.change();
    let request = UpdateRequest { room: params.room, change, client_id: params.client_id };
    let changed = answer(service.update_room(actor, request).await)?;
    Ok(SeqResult { seq: changed.seq })
}

/// `room.accept`.
pub(crate) async fn accept(service: &Service, actor: &Actor, params: AcceptRoom) -> Answer<ListRow> {
    let row = answer(service.accept(actor, params.room).await)?;
    Ok(convert::list_row(&row))
}
