//! The calls every driver and test makes, with only the parameters that differ.

use bongsu_types::{ClientId, Mentions, RoomId, RoomKind, Seq, UserId};
use bongsu_wire::{
    CreateRoom, GetRoom, History, ListMembers, ListRooms, ListRow, MarkRead, MarkReadResult, MemberObject,
    MessageObject, SendMessage, SendResult,
};

use super::{CallError, Client};

/// A plain text message.
#[must_use]
pub fn text_message(room: RoomId, client_id: ClientId, text: impl Into<String>) -> SendMessage {
    SendMessage {
        room,
        client_id,
        text: text.into(),
        attachments: Vec::new(),
        reply_to: None,
        mentions: Mentions::default(),
        data: None,
        silent: false,
        keep_unread: false,
    }
}

/// A client id such as `m-17`: a prefix that is the sender's own, and a number.
#[must_use]
pub fn numbered(prefix: &str, number: u64) -> ClientId {
    ClientId::new(&format!("{prefix}-{number}")).expect("a short prefix and a number fit")
}

/// A group with these members besides the caller.
#[must_use]
pub fn group(name: impl Into<String>, members: Vec<UserId>) -> CreateRoom {
    CreateRoom {
        kind: RoomKind::Group,
        members,
        name: name.into(),
        image: String::new(),
        data: None,
        key: None,
        history_before_join: false,
        retention: None,
    }
}

impl Client {
    /// Sends a text.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn send(
        &self,
        room: RoomId,
        client_id: ClientId,
        text: impl Into<String>,
    ) -> Result<SendResult, CallError> {
        self.call(text_message(room, client_id, text)).await
    }

    /// Creates a group; the caller is its owner.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn create_group(&self, name: &str, members: Vec<UserId>) -> Result<RoomId, CallError> {
        Ok(self.call(group(name, members)).await?.room)
    }

    /// Moves the own read position.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn mark_read(&self, room: RoomId, seq: Seq) -> Result<MarkReadResult, CallError> {
        self.call(MarkRead { room, seq }).await
    }

    /// The row of one room.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn room(&self, room: RoomId) -> Result<ListRow, CallError> {
        self.call(GetRoom { room }).await
    }

    /// All messages after `after`, in order, page by page; and the head's seq when the last page was read.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn history(&self, room: RoomId, after: Seq) -> Result<(Vec<MessageObject>, Seq), CallError> {
        let mut messages = Vec::new();
        let mut position = after;
        loop {
            let page = self.call(self.history_after(room, position)).await?;
            messages.extend(page.messages);
            position = match page.to_seq {
                Some(to_seq) if page.more && to_seq > position => to_seq,
                _ => return Ok((messages, page.head_seq)),
            };
        }
    }

    /// The whole chat list, hidden rooms left out, and the badge as the last page says.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn list_rooms(&self) -> Result<(Vec<ListRow>, u64), CallError> {
        let mut rooms = Vec::new();
        let mut cursor = None;
        loop {
            let limit = Some(self.page_items);
            let page =
                self.call(ListRooms { limit, cursor, unread_only: false, kind: None, hidden: false }).await?;
            rooms.extend(page.rooms);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok((rooms, page.unread_total));
            }
        }
    }

    /// All members of a room.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn members(&self, room: RoomId) -> Result<Vec<MemberObject>, CallError> {
        let mut members = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.call(ListMembers { room, limit: Some(self.page_items), cursor }).await?;
            members.extend(page.members);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(members);
            }
        }
    }

    fn history_after(&self, room: RoomId, after: Seq) -> History {
        History { room, before: None, after: Some(after), around: None, limit: Some(self.page_items) }
    }
}
