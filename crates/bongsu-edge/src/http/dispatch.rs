//! From a command to its answer as text. What a server key may do without a user to act for is decided here.

use bongsu_service::Service;
use bongsu_wire::{Command, CreateResult, CreateRoom, ErrorKind, GetUsers, Users, WireError};
use serde::Serialize;

use super::caller::Caller;
use crate::commands::{Answer, devices, members, messages, own, rooms, users};

/// Carries out a command.
///
/// # Errors
/// Every refusal and failure, as the client gets it; `unsupported` for what only a session can do.
pub(super) async fn carry_out(service: &Service, caller: &Caller, command: Command) -> Answer<String> {
    let actor = || caller.actor();
    match command {
        Command::SendMessage(params) => text(&messages::send(service, actor()?, params).await?),
        Command::EditMessage(params) => text(&messages::edit(service, actor()?, params).await?),
        Command::DeleteMessage(params) => text(&messages::delete(service, actor()?, params).await?),
        Command::React(params) => text(&messages::react(service, actor()?, params).await?),
        Command::History(params) => text(&messages::history(service, actor()?, params).await?),

        Command::CreateRoom(params) => text(&create_room(service, caller, params).await?),
        Command::ListRooms(params) => text(&rooms::list(service, actor()?, params).await?),
        Command::GetRoom(params) => text(&rooms::get(service, actor()?, params).await?),
        Command::UpdateRoom(params) => text(&rooms::update(service, actor()?, params).await?),
        Command::AcceptRoom(params) => text(&rooms::accept(service, actor()?, params).await?),

        Command::ListMembers(params) => text(&members::list(service, actor()?, params).await?),
        Command::AddMembers(params) => text(&members::add(service, actor()?, params).await?),
        Command::RemoveMembers(params) => text(&members::remove(service, actor()?, params).await?),
        Command::LeaveRoom(params) => text(&members::leave(service, actor()?, params).await?),
        Command::SetRole(params) => text(&members::set_role(service, actor()?, params).await?),

        Command::MarkRead(params) => text(&own::mark_read(service, actor()?, params).await?),
        Command::MarkUnread(params) => text(&own::mark_unread(service, actor()?, params).await?),
        Command::ChangeSettings(params) => text(&own::settings(service, actor()?, params).await?),
        Command::RoomChanges(params) => text(&own::changes(service, actor()?, params).await?),

        Command::ListDevices(_) => text(&devices::list(service, actor()?, None).await?),
        Command::RemoveDevice(params) => text(&devices::remove(service, actor()?, params).await?),
        Command::GetUsers(params) => text(&get_users(service, caller, params).await?),
        Command::UpdateUser(params) => text(&users::update(service, actor()?, params).await?),
        Command::UpsertUsers(params) => text(&users::upsert(service, caller.key()?, params).await?),
        Command::RevokeUser(params) => text(&users::revoke(service, caller.key()?, params).await?),

        Command::Hello(_)
        | Command::Refresh(_)
        | Command::Ack(_)
        | Command::Typing(_)
        | Command::Watch(_)
        | Command::Ping(_) => Err(WireError::new(ErrorKind::Unsupported, "needs a session")),
    }
}

/// Without a user to act for, the first member becomes the owner.
async fn create_room(service: &Service, caller: &Caller, params: CreateRoom) -> Answer<CreateResult> {
    match caller {
        Caller::User(actor) | Caller::ServerFor(_, actor) => rooms::create(service, actor, params).await,
        Caller::Server(key) => rooms::create_as_key(service, key, params).await,
    }
}

async fn get_users(service: &Service, caller: &Caller, params: GetUsers) -> Answer<Users> {
    match caller {
        Caller::User(actor) | Caller::ServerFor(_, actor) => users::get(service, actor, params).await,
        Caller::Server(key) => users::get_as_key(service, key, params).await,
    }
}

fn text<T: Serialize>(result: &T) -> Answer<String> {
    serde_json::to_string(result).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        WireError::new(ErrorKind::Internal, "the answer cannot be written")
    })
}
