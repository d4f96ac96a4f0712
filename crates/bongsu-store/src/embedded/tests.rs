//! The engine on a directory of its own: what opening, closing and losing a disk mean.

mod failing;
mod moving;
mod opening;
mod order;
mod positions;

use std::path::Path;
use std::sync::Arc;

use bongsu_types::{
    ClientId, ManualClock, Mentions, MessageKind, Millis, Retention, RoomId, RoomKind, UserId,
};

use super::{EmbeddedSettings, EmbeddedStore};
use crate::{AppendMessage, CreateRoom, Once, RequestHash, Rooms, StoreOptions};

const START: Millis = Millis(1_700_000_000_000);

/// Settings for a disk that may be nearly full, in a process that goes on.
pub(super) fn settings() -> EmbeddedSettings {
    EmbeddedSettings { disk_floor_bytes: 0, on_fatal: Arc::new(|_| {}), ..EmbeddedSettings::default() }
}

pub(super) fn options() -> StoreOptions {
    StoreOptions { clock: Arc::new(ManualClock::at(START)), ..StoreOptions::default() }
}

pub(super) fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open_with(dir, options(), settings()).unwrap()
}

pub(super) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

/// A group of alice and bob.
pub(super) async fn group(store: &EmbeddedStore) -> RoomId {
    let request = CreateRoom {
        kind: RoomKind::Group,
        creator: user("alice"),
        key: None,
        members: vec![user("bob")],
        name: "tea".into(),
        image: String::new(),
        data: None,
        history_before_join: true,
        retention: Retention::History { days: None },
        request: false,
    };
    store.create_room(request).await.unwrap().room
}

/// A message of alice, named by its client id.
pub(super) fn message(room: RoomId, client_id: &str) -> AppendMessage {
    let mut hash = [0; 16];
    hash[..client_id.len().min(16)].copy_from_slice(&client_id.as_bytes()[..client_id.len().min(16)]);
    AppendMessage {
        room,
        sender: user("alice"),
        once: Once { client_id: ClientId::new(client_id).unwrap(), request: RequestHash(hash) },
        kind: MessageKind::Message,
        text: client_id.to_owned(),
        data: None,
        mentions: Mentions::default(),
        reply_to: None,
        silent: false,
        keep_unread: false,
    }
}
