//! The backplane: carries frames between processes, may lose them, and says so when it knows.
//!
//! What frames mean, their sequence numbers and heartbeats are the cache's (and find the losses that a backplane does
//! not notice).

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

/// The models and ids of a hub are spread over this many channels; what is lost on one says nothing of the others.
pub const CHANNELS: u16 = 16;

/// One of the [`CHANNELS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channel(u16);

impl Channel {
    /// The channel of what has this hash.
    #[must_use]
    pub fn of_hash(hash: u64) -> Self {
        Self(u16::try_from(hash % u64::from(CHANNELS)).unwrap_or(0))
    }

    /// The channel with this number, if there is one.
    #[must_use]
    pub fn new(index: u16) -> Option<Self> {
        (index < CHANNELS).then_some(Self(index))
    }

    /// All channels, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CHANNELS).map(Self)
    }

    /// Its number.
    #[must_use]
    pub fn index(self) -> u16 {
        self.0
    }
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackplaneEvent {
    /// Somebody's frame (one's own frames come too).
    Frame {
        /// Where.
        channel: Channel,
        /// What.
        bytes: Bytes,
    },
    /// Frames of this channel may be lost from now on, or were just lost.
    Lost(Channel),
    /// The server confirmed the subscription: frames published from now on arrive.
    Subscribed(Channel),
}

/// Why a frame was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackplaneError {
    /// No answer in time; it may have been published.
    #[error("the backplane did not answer in time")]
    Timeout,
    /// The connection broke or could not be made.
    #[error("the backplane is out of reach: {0}")]
    Unreachable(String),
    /// The server refused.
    #[error("the backplane refused: {0}")]
    Refused(String),
}

/// Carries frames from every process to every process, in order within a channel and a publisher, or says that it
/// lost some.
#[async_trait]
pub trait Backplane: std::fmt::Debug + Send + Sync + 'static {
    /// Publishes a frame. `Ok` means that the server took it, not that anybody heard it.
    async fn publish(&self, channel: Channel, frame: Bytes) -> Result<(), BackplaneError>;

    /// Everything from now on, in a bounded queue. A reader that is too slow gets [`BackplaneEvent::Lost`] for the
    /// channels it missed frames of, never silence. Every channel begins lost, until its `Subscribed`.
    fn subscribe(&self) -> mpsc::Receiver<BackplaneEvent>;
}
