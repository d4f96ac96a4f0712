//! What a command answers, of whatever shape.

use bongsu_wire::{
    ChangesResult, CreateResult, DeviceList, Done, HistoryPage, ListRow, MarkReadResult, MarkUnreadResult,
    MemberPage, RoomPage, SendResult, SeqResult, SettingsResult, Users,
};
use serde::Serialize;

/// The result of a command, written as that result alone.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// A message is in its room.
    Sent(SendResult),
    /// A record is in the log.
    Record(SeqResult),
    /// A page of messages.
    History(HistoryPage),
    /// A room, new or found.
    Created(CreateResult),
    /// A page of the chat list.
    Rooms(RoomPage),
    /// A row of the chat list.
    Room(Box<ListRow>),
    /// Changes of the chat list.
    Changes(ChangesResult),
    /// A page of members.
    Members(MemberPage),
    /// The read position.
    Read(MarkReadResult),
    /// The unread flag.
    Unread(MarkUnreadResult),
    /// Own settings.
    Settings(SettingsResult),
    /// Own devices.
    Devices(DeviceList),
    /// Profiles.
    Users(Users),
    /// Nothing to say.
    Done(Done),
}

impl Answer {
    /// The result alone, as the body of an HTTP answer.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("keys are strings and nothing in the results fails to serialize")
    }
}
