//! The rooms this node has an interest in: a channel exists while some session holds it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::RoomId;

use super::channel::RoomChannel;
use super::mailbox::SessionId;

/// Locks the map is spread over.
const SHARDS: usize = 64;

/// Channels by room. Bounded by the rooms of the sessions of this node.
#[derive(Debug)]
pub(super) struct Rooms {
    shards: Vec<Mutex<HashMap<RoomId, Held>>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Held {
    channel: Arc<RoomChannel>,
    holders: usize,
}

impl Rooms {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::new() }
    }

    /// The channel of a room, if some session holds it.
    pub(super) fn get(&self, room: RoomId) -> Option<Arc<RoomChannel>> {
        self.shard(room).get(&room).map(|held| held.channel.clone())
    }

    /// Holds the channel of a room for a session, making it if need be.
    pub(super) fn hold(self: &Arc<Self>, room: RoomId, session: SessionId) -> ChannelHandle {
        let mut shard = self.shard(room);
        let held = shard
            .entry(room)
            .or_insert_with(|| Held { channel: Arc::new(RoomChannel::new(room)), holders: 0 });
        held.holders += 1;
        ChannelHandle { rooms: self.clone(), channel: held.channel.clone(), session }
    }

    fn release(&self, room: RoomId) {
        if let Entry::Occupied(mut held) = self.shard(room).entry(room) {
            held.get_mut().holders -= 1;
            if held.get().holders == 0 {
                held.remove();
            }
        }
    }

    fn shard(&self, room: RoomId) -> MutexGuard<'_, HashMap<RoomId, Held>> {
        let hash = self.hasher.hash_one(room) as usize;
        self.shards[hash % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's hold on a room. Letting go of it takes the session off the room.
pub(crate) struct ChannelHandle {
    rooms: Arc<Rooms>,
    channel: Arc<RoomChannel>,
    session: SessionId,
}

impl ChannelHandle {
    /// Whether the hub delivers to the session.
    pub(crate) fn is_live(&self) -> bool {
        self.channel.is_live(self.session)
    }

    /// The channel, for work that goes on beside the session.
    pub(crate) fn channel(&self) -> Arc<RoomChannel> {
        self.channel.clone()
    }
}

impl Deref for ChannelHandle {
    type Target = RoomChannel;

    fn deref(&self) -> &RoomChannel {
        &self.channel
    }
}

impl Drop for ChannelHandle {
    fn drop(&mut self) {
        self.channel.detach(self.session);
        self.rooms.release(self.channel.room);
    }
}

impl fmt::Debug for ChannelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.channel.room.fmt(f)
    }
}
