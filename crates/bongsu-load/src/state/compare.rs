//! The proof of the rules: what a device replayed from events equals what a fresh fetch gives.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bongsu_types::{Role, RoomId, Seq, UserId};
use bongsu_wire::{ListRow, MemberObject, MessageObject};

use super::{DeviceState, RoomState};
use crate::client::{CallError, Client};

/// What the server says now of all rooms of a user.
#[derive(Debug, Clone, Default)]
pub struct Fresh {
    rooms: BTreeMap<RoomId, FreshRoom>,
}

#[derive(Debug, Clone)]
struct FreshRoom {
    row: ListRow,
    messages: Vec<MessageObject>,
}

impl Fresh {
    /// Fetches list, rows with members, and the whole history of every room that is not hidden.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn fetch(client: &Client) -> Result<Self, CallError> {
        let mut fresh = Self::default();
        for listed in client.list_rooms().await?.0 {
            let row = client.room(listed.room).await?;
            let (messages, _) = client.history(listed.room, Seq::ZERO).await?;
            fresh.rooms.insert(listed.room, FreshRoom { row, messages });
        }
        Ok(fresh)
    }

    /// Rows, for a device that starts from them.
    pub fn rows(&self) -> impl Iterator<Item = &ListRow> {
        self.rooms.values().map(|room| &room.row)
    }

    /// Messages of a room, in order.
    #[must_use]
    pub fn messages(&self, room: RoomId) -> &[MessageObject] {
        self.rooms.get(&room).map(|room| room.messages.as_slice()).unwrap_or_default()
    }
}

impl DeviceState {
    /// Gives the device all that was fetched: it holds the same as the server from here on.
    pub fn take_fresh(&mut self, fresh: &Fresh) {
        for room in fresh.rooms.values() {
            self.row(room.row.clone());
            self.history(room.row.room, room.messages.iter().cloned());
        }
    }

    /// Every way in which the replayed state differs from what was fetched; empty when they are equal.
    ///
    /// Hidden rooms are not compared (a fetch does not list them), nor is what no event tells: profiles of peers and
    /// where swept history begins.
    #[must_use]
    pub fn differences(&self, fresh: &Fresh) -> Vec<String> {
        let mut differences = self.faults.clone();
        let hidden = |room: &RoomState| room.row().settings.hidden;
        for room in self.rooms.values().filter(|room| !hidden(room)) {
            if !fresh.rooms.contains_key(&room.id()) {
                differences.push(format!("{} is held, but not in the list", room.id()));
            }
        }
        for (id, room) in &fresh.rooms {
            match self.rooms.get(id) {
                Some(held) => compare_room(held, room, &mut differences),
                None => differences.push(format!("{id} is in the list, but not held")),
            }
        }
        differences
    }
}

fn compare_room(held: &RoomState, fresh: &FreshRoom, differences: &mut Vec<String>) {
    let room = held.id();
    let mut differ = |what: &str, held: &dyn Debug, fresh: &dyn Debug| {
        differences.push(format!("{room} {what}: replayed {held:?}, fetched {fresh:?}"));
    };
    let mut row = held.row().clone();
    row.peer.clone_from(&fresh.row.peer);
    row.floor_seq = fresh.row.floor_seq;
    let held_members = row.members.take();
    let mut fresh_row = fresh.row.clone();
    let fresh_members = fresh_row.members.take();
    if row != fresh_row {
        differ("row", &row, &fresh_row);
    }
    if let (Some(held), Some(fresh)) = (held_members, fresh_members) {
        let (held, fresh) = (by_user(held), by_user(fresh));
        if held != fresh {
            differ("members", &held, &fresh);
        }
    }
    if held.seen() != fresh.row.head_seq {
        differ("position", &held.seen(), &fresh.row.head_seq);
    }
    let from = held.messages().keys().next().copied().unwrap_or(Seq::ZERO);
    let held: Vec<&MessageObject> = held.messages().values().collect();
    let fresh: Vec<&MessageObject> = fresh.messages.iter().filter(|message| message.seq >= from).collect();
    if held.len() != fresh.len() {
        differ("number of messages", &held.len(), &fresh.len());
    }
    for (held, fresh) in held.into_iter().zip(fresh) {
        if held != fresh {
            differ("message", held, fresh);
        }
    }
}

/// Roles by user: the order of members is the server's, and receipts come late on purpose.
fn by_user(members: Vec<MemberObject>) -> BTreeMap<UserId, Role> {
    members.into_iter().map(|member| (member.user, member.role)).collect()
}
