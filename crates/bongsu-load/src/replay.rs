//! Plays a chat log through real WebSocket clients, its authors as users, and checks all that is promised.
//!
//! Rooms are played several at a time, each in the order of its log: a message is written after the one before it
//! was replied to. A user has one device and one connection, whatever the number of rooms; every connected member
//! checks every record it gets: position, sender and text.

mod check;
mod pace;
mod player;
mod players;
mod room;
mod summary;
mod watch;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_types::{RoomKey, UserId};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{CallError, HelloError};
use crate::rest::RestError;
use crate::{Endpoint, InvalidUrl};

pub use summary::Summary;

/// A message of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMessage {
    /// Who wrote it.
    pub author: UserId,
    /// When, in Unix milliseconds: the distance to the next one is what counts.
    pub at_ms: u64,
    /// What; not empty.
    pub text: String,
}

/// A room of a log, its messages in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRoom {
    /// Names the room within the log.
    pub key: RoomKey,
    /// For people.
    pub name: String,
    /// In order; at least one.
    pub messages: Vec<LogMessage>,
}

/// Gives a token for a user.
pub type MintToken = Arc<dyn Fn(&UserId) -> String + Send + Sync>;

/// How a log is played.
#[derive(Clone)]
pub struct ReplayOptions {
    /// Where: `http://HOST:PORT`.
    pub url: String,
    /// Creates the rooms.
    pub server_key: String,
    /// Makes the users' tokens.
    pub mint_token: MintToken,
    /// Names this run: its rooms are new ones, whatever the server holds. At most 32 bytes.
    pub run: String,
    /// Messages played at most, over all rooms; rooms are cut short at the end.
    pub messages_max: Option<usize>,
    /// Connections open at once, at most.
    pub connections_max: usize,
    /// Members of one room connected at once, at most: further authors are connected in turn.
    pub online_per_room: usize,
    /// Plays this many times faster than the log's own time; `None` for as fast as it goes.
    pub speed: Option<f64>,
    /// Messages per second over all rooms, at most.
    pub rate_max: Option<f64>,
    /// Users per room whose unread is recounted at the end.
    pub recounts_per_room: usize,
    /// Decides who reads when.
    pub seed: u64,
}

impl ReplayOptions {
    /// As fast as it goes, with what a small machine holds.
    #[must_use]
    pub fn new(url: impl Into<String>, server_key: impl Into<String>, mint_token: MintToken) -> Self {
        Self {
            url: url.into(),
            server_key: server_key.into(),
            mint_token,
            run: "run".to_owned(),
            messages_max: None,
            connections_max: 800,
            online_per_room: 50,
            speed: None,
            rate_max: None,
            recounts_per_room: 5,
            seed: 1,
        }
    }
}

/// Why a replay could not go on. Wrong answers are no errors: the summary counts them.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Not a URL of a server.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// A call over REST failed.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// A call on a session failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No session.
    #[error("no session for {user}: {error}")]
    Hello {
        /// Whose.
        user: UserId,
        /// Why.
        error: HelloError,
    },
    /// The room exists from an earlier run of the same name.
    #[error("the room {0} exists already: give this run another name")]
    RoomExists(RoomKey),
    /// The key of a room together with the run's name is too long.
    #[error("the room's key {0} is too long for a run of this name")]
    KeyTooLong(RoomKey),
    /// A task of the driver panicked.
    #[error("the driver failed: {0}")]
    Driver(#[from] tokio::task::JoinError),
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Messages replied to.
    pub messages: u64,
    /// Rooms played and checked.
    pub rooms: u64,
    /// Since the start.
    pub elapsed: Duration,
}

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Plays all rooms and returns what happened. `on_progress` is called a few times a second.
///
/// # Errors
/// When the server cannot be reached or refuses what it must not; the first error ends the replay.
pub async fn replay(
    rooms: impl IntoIterator<Item = LogRoom>,
    options: ReplayOptions,
    mut on_progress: impl FnMut(Progress),
) -> Result<Summary, ReplayError> {
    let endpoint = Endpoint::parse(&options.url)?;
    let mut waiting = cut(rooms, options.messages_max);
    let replied = Arc::new(AtomicU64::new(0));
    let at_once = (options.connections_max / options.online_per_room.max(1)).max(1);
    let stage = Arc::new(room::Stage::new(endpoint, options, Arc::clone(&replied)));
    let start = Instant::now();
    let mut playing: JoinSet<Result<room::Played, ReplayError>> = JoinSet::new();
    let mut summary = Summary::default();
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    loop {
        while playing.len() < at_once {
            let Some((number, log)) = waiting.pop_front() else { break };
            let stage = Arc::clone(&stage);
            playing.spawn(async move { room::play(&stage, number, log).await });
        }
        tokio::select! {
            played = playing.join_next() => match played {
                Some(played) => summary.add(played??),
                None => break,
            },
            _ = ticks.tick() => {}
        }
        let messages = replied.load(Ordering::Relaxed);
        on_progress(Progress { messages, rooms: summary.rooms, elapsed: start.elapsed() });
    }
    stage.players.finish(&mut summary).await?;
    summary.finish(start.elapsed());
    Ok(summary)
}

/// The rooms to play, numbered, the last one perhaps cut short.
fn cut(rooms: impl IntoIterator<Item = LogRoom>, messages_max: Option<usize>) -> VecDeque<(u64, LogRoom)> {
    let mut left = messages_max.unwrap_or(usize::MAX);
    let mut kept = VecDeque::new();
    for (mut room, number) in rooms.into_iter().zip(0..) {
        room.messages.truncate(left);
        left -= room.messages.len();
        if !room.messages.is_empty() {
            kept.push_back((number, room));
        }
        if left == 0 {
            break;
        }
    }
    kept
}
