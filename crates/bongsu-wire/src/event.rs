//! Every event of the protocol: its name and its fields, in one table.

mod control;
mod own;
mod record;

use serde::Serialize;

use crate::WireError;
use crate::decode::from_object;
use crate::frame::to_text;

pub use control::{CaughtUp, Draining, Expiring, Lagging, Presence, ResetReason, RoomReset, TypingEvent};
pub use own::{DeviceRemoved, ReadUpdated, RoomJoined, RoomRead, RoomRemoved, RoomSettings};
pub use record::{
    MemberAdded, MemberRemoved, MemberRole, MessageDeleted, MessageEdited, MessageNew, MessageReaction,
    RoomUpdated,
};

/// One table for the names, the enum, decoding and encoding, so that they cannot drift apart.
macro_rules! events {
    ($($(#[$doc:meta])* $method:literal $variant:ident($params:ty);)*) => {
        /// A notification of the server.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $variant($params),)*
            /// An event this version does not know: ignored.
            Unknown {
                /// Its name.
                method: String,
            },
        }

        impl Event {
            /// Names of all events, in the order of the protocol's table.
            pub const METHODS: &'static [&'static str] = &[$($method),*];

            /// Name of the event.
            #[must_use]
            pub fn method(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $method,)*
                    Self::Unknown { method } => method,
                }
            }

            /// The text of the notification.
            #[must_use]
            pub fn encode(&self) -> String {
                match self {
                    $(Self::$variant(params) => notification($method, params),)*
                    Self::Unknown { method } => notification(method, &crate::Done {}),
                }
            }

            /// Reads the fields of an event.
            ///
            /// # Errors
            /// When a field is missing or has the wrong form.
            pub fn decode(method: &str, params: &str) -> Result<Self, WireError> {
                match method {
                    $($method => from_object(params).map(Self::$variant),)*
                    _ => Ok(Self::Unknown { method: method.to_owned() }),
                }
            }
        }
    };
}

events! {
    /// A message entered a room.
    "message.new" MessageNew(Box<MessageNew>);
    /// A message changed.
    "message.edited" MessageEdited(MessageEdited);
    /// A message was deleted for everyone.
    "message.deleted" MessageDeleted(MessageDeleted);
    /// A reaction was added or removed.
    "message.reaction" MessageReaction(MessageReaction);
    /// Members joined.
    "member.added" MemberAdded(MemberAdded);
    /// Members were removed, or one left.
    "member.removed" MemberRemoved(MemberRemoved);
    /// A member's role changed.
    "member.role" MemberRole(MemberRole);
    /// The room changed.
    "room.updated" RoomUpdated(Box<RoomUpdated>);
    /// The user joined a room, or its row changed as a whole.
    "room.joined" RoomJoined(Box<RoomJoined>);
    /// The user is no longer a member.
    "room.removed" RoomRemoved(RoomRemoved);
    /// The user's own read position changed.
    "room.read" RoomRead(RoomRead);
    /// The user's own settings of a room changed.
    "room.settings" RoomSettings(RoomSettings);
    /// A device of the user was removed.
    "device.removed" DeviceRemoved(DeviceRemoved);
    /// Another member read.
    "read.updated" ReadUpdated(ReadUpdated);
    /// Another member types, or stopped.
    "typing" Typing(TypingEvent);
    /// A watched user came or went.
    "presence" Presence(Presence);
    /// Live again, after a backlog.
    "session.caught_up" CaughtUp(CaughtUp);
    /// Behind: records come from the log until caught up.
    "session.lagging" Lagging(Lagging);
    /// The token is nearly over.
    "session.expiring" Expiring(Expiring);
    /// The server is being shut down.
    "session.draining" Draining(Draining);
    /// What the client holds of a room is void.
    "room.reset" RoomReset(RoomReset);
}

/// A notification, as it is on the wire.
#[derive(Serialize)]
struct Notification<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: &'a P,
}

fn notification<P: Serialize>(method: &str, params: &P) -> String {
    to_text(&Notification { jsonrpc: "2.0", method, params })
}

/// The notification of a record, the same for everybody, so that it is encoded once.
///
/// A message that already has reactions (in a replay) says `mine: false` for all: use [`encode_record_for`] there.
#[must_use]
pub fn encode_record(record: &bongsu_types::Record) -> String {
    Event::from(record).encode()
}

/// The notification of a record for one user; `mine` are that user's own reactions to the message.
#[must_use]
pub fn encode_record_for(record: &bongsu_types::Record, mine: &[bongsu_types::Emoji]) -> String {
    Event::for_user(record, mine).encode()
}
