//! The commands that need no session, carried out the same way for a socket and for HTTP.
//!
//! Each goes straight to its use case: nothing is awaited before, so that sends polled in order commit in order.

mod answer;
mod caller;
mod members;
mod messages;
mod own;
mod people;
mod rooms;

pub(crate) use answer::Answer;
pub(crate) use caller::{ACTING_USER, Caller};

use bongsu_service::Service;
use bongsu_wire::{Command, ErrorKind, WireError};

/// Carries out a command.
///
/// # Errors
/// Every refusal and failure, as the client gets it; `unsupported` for what only a session can do.
pub(crate) async fn carry_out(
    service: &Service,
    caller: &Caller,
    command: Command,
) -> Result<Answer, WireError> {
    let answer = match command {
        Command::SendMessage(params) => Answer::Sent(messages::send(service, caller, params).await?),
        Command::EditMessage(params) => Answer::Record(messages::edit(service, caller, params).await?),
        Command::DeleteMessage(params) => Answer::Record(messages::delete(service, caller, params).await?),
        Command::React(params) => Answer::Record(messages::react(service, caller, params).await?),
        Command::History(params) => Answer::History(messages::history(service, caller, params).await?),

        Command::CreateRoom(params) => Answer::Created(rooms::create(service, caller, params).await?),
        Command::ListRooms(params) => Answer::Rooms(rooms::list(service, caller, params).await?),
        Command::GetRoom(params) => Answer::Room(Box::new(rooms::get(service, caller, params).await?)),
        Command::UpdateRoom(params) => Answer::Record(rooms::update(service, caller, params).await?),
        Command::RoomChanges(params) => Answer::Changes(rooms::changes(service, caller, params).await?),

        Command::ListMembers(params) => Answer::Members(members::list(service, caller, params).await?),
        Command::AddMembers(params) => Answer::Record(members::add(service, caller, params).await?),
        Command::RemoveMembers(params) => Answer::Record(members::remove(service, caller, params).await?),
        Command::LeaveRoom(params) => Answer::Record(members::leave(service, caller, params).await?),
        Command::SetRole(params) => Answer::Record(members::set_role(service, caller, params).await?),

        Command::AcceptRoom(params) => Answer::Room(Box::new(own::accept(service, caller, params).await?)),
        Command::MarkRead(params) => Answer::Read(own::mark_read(service, caller, params).await?),
        Command::MarkUnread(params) => Answer::Unread(own::mark_unread(service, caller, params).await?),
        Command::ChangeSettings(params) => Answer::Settings(own::settings(service, caller, params).await?),

        Command::ListDevices(_) => Answer::Devices(people::devices(service, caller).await?),
        Command::RemoveDevice(params) => Answer::Done(people::remove_device(service, caller, params).await?),
        Command::GetUsers(params) => Answer::Users(people::get(service, caller, params).await?),
        Command::UpdateUser(params) => Answer::Done(people::update(service, caller, params).await?),
        Command::UpsertUsers(params) => Answer::Done(people::upsert(service, caller, params).await?),
        Command::RevokeUser(params) => Answer::Done(people::revoke(service, caller, params).await?),

        Command::Hello(_)
        | Command::Refresh(_)
        | Command::Ack(_)
        | Command::Typing(_)
        | Command::Watch(_)
        | Command::Ping(_) => {
            return Err(WireError::new(ErrorKind::Unsupported, "needs a session"));
        }
    };
    Ok(answer)
}

/// A number of items from the wire; what is too many is refused later.
fn items(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
