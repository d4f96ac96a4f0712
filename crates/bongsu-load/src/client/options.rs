//! What a client says of itself when it connects, and how it reads.

use std::collections::BTreeMap;
use std::time::Duration;

use bongsu_types::{DeviceId, Epoch, RoomId, Seq, UserRev};

/// Events held for the caller before the socket is read no further.
const EVENTS_MAX: usize = 100_000;

/// How long a reply may take. Far above any promise: reaching it means it never comes.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether the socket is read. Shared with the connection, so it can change at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As fast as frames arrive.
    On,
    /// Not at all: the slowest reader there is. Replies are not read either.
    Off,
}

/// How a [`Client`](super::Client) connects.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The user token.
    pub token: String,
    /// The device.
    pub device: DeviceId,
    /// For people, for example `load`.
    pub platform: String,
    /// What the device knew before: generation of the store.
    pub epoch: Option<Epoch>,
    /// What the device knew before: revision of its own facts.
    pub user_rev: Option<UserRev>,
    /// Positions that are perhaps not stored by the server yet.
    pub cursors: BTreeMap<RoomId, Seq>,
    /// Rows of the chat list to return at once.
    pub list: Option<u32>,
    /// Whether the socket is read after the reply to hello.
    pub reading: Reading,
    /// Events held for the caller; then the socket is not read until some were taken.
    pub events_max: usize,
    /// Shrinks the kernel's receive buffer, bytes.
    pub receive_buffer_bytes: Option<u32>,
    /// How long a reply may take.
    pub call_timeout: Duration,
}

impl ClientOptions {
    /// A device seen for the first time, that reads.
    #[must_use]
    pub fn new(token: impl Into<String>, device: DeviceId) -> Self {
        Self {
            token: token.into(),
            device,
            platform: String::new(),
            epoch: None,
            user_rev: None,
            cursors: BTreeMap::new(),
            list: None,
            reading: Reading::On,
            events_max: EVENTS_MAX,
            receive_buffer_bytes: None,
            call_timeout: CALL_TIMEOUT,
        }
    }

    /// A device that was here before.
    #[must_use]
    pub fn resuming(mut self, epoch: Epoch, user_rev: UserRev) -> Self {
        self.epoch = Some(epoch);
        self.user_rev = Some(user_rev);
        self
    }

    /// Says which positions the device holds.
    #[must_use]
    pub fn cursors(mut self, cursors: BTreeMap<RoomId, Seq>) -> Self {
        self.cursors = cursors;
        self
    }

    /// Asks for rows of the chat list with the reply to hello.
    #[must_use]
    pub fn list(mut self, rows: u32) -> Self {
        self.list = Some(rows);
        self
    }

    /// Connects without reading, the kernel's buffer as small as it goes.
    #[must_use]
    pub fn never_reading(mut self) -> Self {
        self.reading = Reading::Off;
        self.receive_buffer_bytes = Some(4 * 1024);
        self
    }
}
