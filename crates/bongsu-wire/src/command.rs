//! Every method of the protocol: its name, its parameters and its result, in one table.

mod device;
mod message;
mod presence;
mod room;
mod session;
mod user;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::decode::from_object;
use crate::{ErrorKind, ListRow, WireError};

pub use device::{DeviceList, DeviceObject, ListDevices, RemoveDevice};
pub use message::{
    DeleteMessage, EditMessage, History, HistoryPage, HistoryPosition, React, SendMessage, SendResult,
    SeqResult,
};
pub use presence::{PresenceObject, Watch, WatchResult};
pub use room::{
    AcceptRoom, AddMembers, ChangeSettings, ChangesResult, CreateResult, CreateRoom, GetRoom, LeaveRoom,
    ListMembers, ListRooms, MarkRead, MarkReadResult, MarkUnread, MarkUnreadResult, MemberPage,
    RemoveMembers, RoomChanges, RoomPage, SetRole, SettingsResult, Typing, UpdateRoom,
};
pub use session::{
    Ack, DeviceParam, Done, Hello, HelloResult, LimitsObject, Ping, PingResult, Refresh, RefreshResult,
};
pub use user::{GetUsers, ProfileObject, RevokeUser, UpdateUser, UpsertUsers, UserUpdate, Users};

/// The parameters of one method: they say its name and what it answers.
pub trait Call: Serialize + DeserializeOwned {
    /// Name of the method.
    const METHOD: &'static str;

    /// What the method answers; [`Done`] where the protocol's table has a dash.
    type Result: Serialize + DeserializeOwned;

    /// Rules that go over more than one field.
    ///
    /// # Errors
    /// When the parameters contradict each other.
    fn check(&self) -> Result<(), WireError>;

    /// The same as one of all commands.
    fn into_command(self) -> Command;
}

/// What the documentation says of a method.
pub(crate) struct Described {
    /// What it does.
    pub(crate) summary: &'static str,
    /// Name of its parameters' type.
    pub(crate) params: &'static str,
    /// Name of its result's type.
    pub(crate) result: &'static str,
}

/// One table for the names, the enum, decoding and encoding, so that they cannot drift apart.
macro_rules! commands {
    ($($(#[doc = $doc:literal])* $method:literal $params:ident -> $result:ty $(, check $check:path)?;)*) => {
        /// A request or notification of a client.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[doc = $doc])* $params($params),)*
        }

        impl Command {
            /// Names of all methods, in the order of the protocol's table.
            pub const METHODS: &'static [&'static str] = &[$($method),*];

            /// Name of the method.
            #[must_use]
            pub const fn method(&self) -> &'static str {
                match self { $(Self::$params(_) => $method,)* }
            }

            /// Reads the parameters of a method from the text of a JSON object.
            ///
            /// # Errors
            /// `unknown_method`; `invalid_params` with the field at fault; `unsupported`.
            pub fn decode(method: &str, params: &str) -> Result<Self, WireError> {
                match method {
                    $($method => decode_call::<$params>(params).map(Self::$params),)*
                    _ => Err(WireError::new(ErrorKind::UnknownMethod, "unknown method")),
                }
            }
        }

        /// The parameters alone, without the name of the method.
        impl Serialize for Command {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$params(params) => params.serialize(serializer),)* }
            }
        }

        impl Described {
            /// The method of this name.
            pub(crate) fn of(method: &str) -> Option<Self> {
                match method {
                    $($method => Some(Self {
                        summary: concat!($($doc),*).trim(),
                        params: stringify!($params),
                        result: stringify!($result),
                    }),)*
                    _ => None,
                }
            }
        }

        $(impl Call for $params {
            const METHOD: &'static str = $method;
            type Result = $result;

            fn check(&self) -> Result<(), WireError> {
                let checked = Ok(());
                $(let checked = checked.and_then(|()| $check(self));)?
                checked
            }

            fn into_command(self) -> Command {
                Command::$params(self)
            }
        })*
    };
}

commands! {
    /// Opens the session of a device: who it is, where it stands.
    "session.hello" Hello -> HelloResult;
    /// Gives the session a newer token.
    "session.refresh" Refresh -> RefreshResult;
    /// Says what this device has: cumulative, a notification.
    "session.ack" Ack -> Done;
    /// Sends a message.
    "message.send" SendMessage -> SendResult, check SendMessage::check;
    /// Changes the text or data of one's own message.
    "message.edit" EditMessage -> SeqResult;
    /// Deletes a message for everyone.
    "message.delete" DeleteMessage -> SeqResult;
    /// Adds or removes a reaction of one's own.
    "message.react" React -> SeqResult;
    /// Reads a page of messages.
    "message.history" History -> HistoryPage, check History::check;
    /// Creates a room, or finds it by pair or key.
    "room.create" CreateRoom -> CreateResult;
    /// Reads a page of the chat list.
    "room.list" ListRooms -> RoomPage;
    /// Reads one row of the chat list.
    "room.get" GetRoom -> ListRow;
    /// Changes name, image, data or rules of a room.
    "room.update" UpdateRoom -> SeqResult;
    /// Reads a page of members.
    "room.members" ListMembers -> MemberPage;
    /// Adds members.
    "room.add_members" AddMembers -> SeqResult;
    /// Removes members.
    "room.remove_members" RemoveMembers -> SeqResult;
    /// Leaves a room.
    "room.leave" LeaveRoom -> SeqResult;
    /// Gives a member a role.
    "room.set_role" SetRole -> SeqResult;
    /// Moves the own read position forward.
    "room.mark_read" MarkRead -> MarkReadResult;
    /// Flags a room as unread.
    "room.mark_unread" MarkUnread -> MarkUnreadResult;
    /// Reads what changed in the own chat list.
    "room.changes" RoomChanges -> ChangesResult;
    /// Accepts a direct room that a stranger opened.
    "room.accept" AcceptRoom -> ListRow;
    /// Changes the own settings of a room.
    "room.settings" ChangeSettings -> SettingsResult;
    /// Says that the user types, or stopped: a notification.
    "room.typing" Typing -> Done;
    /// Replaces the set of users whose presence this session gets.
    "presence.watch" Watch -> WatchResult;
    /// Lists the own devices.
    "device.list" ListDevices -> DeviceList;
    /// Removes an own device.
    "device.remove" RemoveDevice -> Done;
    /// Reads profiles.
    "user.get" GetUsers -> Users;
    /// Changes the own profile.
    "user.update" UpdateUser -> Done;
    /// Creates or changes users: for server keys.
    "user.upsert" UpsertUsers -> Done;
    /// Refuses all tokens of a user issued so far: for server keys.
    "user.revoke" RevokeUser -> Done;
    /// Proves that the connection lives.
    "ping" Ping -> PingResult;
}

impl Command {
    /// Whether the protocol's table has it as a notification: clients send it without id. Sent with one, it is
    /// answered `{}`.
    #[must_use]
    pub const fn is_notification(&self) -> bool {
        matches!(self, Self::Ack(_) | Self::Typing(_))
    }
}

/// Reads and checks the parameters of one method.
pub(crate) fn decode_call<C: Call>(params: &str) -> Result<C, WireError> {
    let call: C = from_object(params)?;
    call.check()?;
    Ok(call)
}
