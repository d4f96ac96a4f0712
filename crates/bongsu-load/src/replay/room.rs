//! Playing one room: created, spoken in by its authors in order, read by some, and checked at the end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_types::{RoomId, RoomKey, Seq, UserId};
use bongsu_wire::{CreateResult, CreateRoom, ErrorKind, SendResult};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::check::RoomCheck;
use super::pace::Pace;
use super::player::{Access, Player};
use super::players::Players;
use super::{LogMessage, LogRoom, ReplayError, ReplayOptions};
use crate::Endpoint;
use crate::bench::Histogram;
use crate::checker::check_unread;
use crate::client::{CallError, group, text_message};
use crate::random::Random;
use crate::report::{Fault, Report};
use crate::rest::Rest;

/// A mark is read by somebody once in so many messages.
const READ_ONCE_IN: usize = 20;

/// How long members may take to see the last message of a room.
const SETTLE: Duration = Duration::from_secs(60);

/// Attempts for one message: a broken connection is opened again, a rate limit waited out.
const ATTEMPTS_MAX: u32 = 5;

/// What all rooms of a run share.
pub(super) struct Stage {
    pub(super) players: Players,
    access: Access,
    options: ReplayOptions,
    pace: Pace,
    replied: Arc<AtomicU64>,
}

impl Stage {
    pub(super) fn new(endpoint: Endpoint, options: ReplayOptions, replied: Arc<AtomicU64>) -> Self {
        let connections = Arc::new(Semaphore::new(options.connections_max.max(options.online_per_room)));
        let access = Access { endpoint, mint_token: Arc::clone(&options.mint_token), connections };
        let pace = Pace::new(options.rate_max, options.speed);
        Self { players: Players::default(), access, options, pace, replied }
    }
}

/// What one room gave.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) report: Report,
    pub(super) latency: Histogram,
}

/// Plays one room from its creation to the last check.
pub(super) async fn play(stage: &Stage, number: u64, log: LogRoom) -> Result<Played, ReplayError> {
    let authors = authors_of(&log);
    let id = create(stage, &log, &authors).await?;
    let check = Arc::new(RoomCheck::new(id, log));
    stage.players.checks.add(Arc::clone(&check));
    let mut play = Play {
        stage,
        check,
        online: VecDeque::new(),
        marks: BTreeMap::new(),
        random: Random::seeded(stage.options.seed ^ number.wrapping_mul(0x9e37_79b9)),
        played: Played::default(),
        head: Seq::ZERO,
    };
    play.speak().await?;
    play.settle().await?;
    play.recount(&authors).await?;
    Ok(play.played)
}

fn authors_of(log: &LogRoom) -> Vec<UserId> {
    let mut authors: Vec<UserId> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for message in &log.messages {
        if known.insert(&message.author) {
            authors.push(message.author.clone());
        }
    }
    authors
}

async fn create(stage: &Stage, log: &LogRoom, authors: &[UserId]) -> Result<RoomId, ReplayError> {
    let key = RoomKey::new(&format!("{}:{}", stage.options.run, log.key))
        .map_err(|_| ReplayError::KeyTooLong(log.key.clone()))?;
    let room = CreateRoom { key: Some(key), ..group(&log.name, authors.to_vec()) };
    let mut rest = Rest::new(stage.access.endpoint.clone()).bearer(&stage.options.server_key);
    let result: CreateResult = rest.post("/v1/rooms", &room).await?.read()?;
    if result.created { Ok(result.room) } else { Err(ReplayError::RoomExists(log.key.clone())) }
}

/// A room while it is played.
struct Play<'a> {
    stage: &'a Stage,
    check: Arc<RoomCheck>,
    /// Members connected for this room, the one who spoke last at the back.
    online: VecDeque<Arc<Player>>,
    /// Where each member's own read mark must be.
    marks: BTreeMap<UserId, Seq>,
    random: Random,
    played: Played,
    /// Seq of the last message replied to.
    head: Seq,
}

impl Play<'_> {
    async fn speak(&mut self) -> Result<(), ReplayError> {
        let check = Arc::clone(&self.check);
        let start = Instant::now();
        let first_ms = check.log().messages.first().map_or(0, |message| message.at_ms);
        for (index, message) in check.log().messages.iter().enumerate() {
            self.stage.pace.wait(start, message.at_ms.saturating_sub(first_ms)).await;
            let player = self.connected(&message.author).await?;
            self.played.report.sent += 1;
            match self.send(&player, index, message).await? {
                Some(reply) => self.replied(index, message, &reply),
                None => self.played.report.failed += 1,
            }
            if self.random.once_in(READ_ONCE_IN) {
                self.somebody_reads().await?;
            }
        }
        Ok(())
    }

    /// The author's player, connected; who spoke longest ago leaves when the room is full.
    async fn connected(&mut self, author: &UserId) -> Result<Arc<Player>, ReplayError> {
        if let Some(at) = self.online.iter().position(|player| player.user == *author) {
            let player = self.online.remove(at).expect("a position just found");
            self.online.push_back(Arc::clone(&player));
            return Ok(player);
        }
        if self.online.len() >= self.stage.options.online_per_room.max(1)
            && let Some(leaving) = self.online.pop_front()
        {
            leaving.release().await?;
        }
        let player = self.stage.players.of(author);
        player.need(&self.stage.access).await?;
        self.online.push_back(Arc::clone(&player));
        Ok(player)
    }

    /// Sends a message until its outcome is known, always with the same client id; `None` when it is refused.
    async fn send(
        &mut self,
        player: &Player,
        index: usize,
        message: &LogMessage,
    ) -> Result<Option<SendResult>, ReplayError> {
        for _ in 0..ATTEMPTS_MAX {
            let client = player.client(&self.stage.access).await?;
            let request = text_message(self.check.id, RoomCheck::client_id(index), message.text.clone());
            let written = Instant::now();
            match client.call(request).await {
                Ok(reply) => {
                    self.played.latency.add(written.elapsed());
                    return Ok(Some(reply));
                }
                Err(CallError::Refused { error, .. }) if error.kind == ErrorKind::RateLimited => {
                    let wait = Duration::from_millis(error.retry_after_ms.unwrap_or(100));
                    tokio::time::sleep(wait).await;
                }
                Err(CallError::Refused { .. }) => return Ok(None),
                Err(CallError::Closed { .. }) => {}
                Err(error @ (CallError::Timeout { .. } | CallError::Unreadable { .. })) => {
                    return Err(error.into());
                }
            }
        }
        Ok(None)
    }

    fn replied(&mut self, index: usize, message: &LogMessage, reply: &SendResult) {
        self.played.report.acked += 1;
        self.stage.replied.fetch_add(1, Ordering::Relaxed);
        self.check.stands_at(index, reply.seq, &mut self.played.report);
        self.head = reply.seq;
        self.marks.insert(message.author.clone(), reply.seq);
    }

    /// Somebody who is online moves the own read mark: to now, or to a position long past, which changes nothing.
    async fn somebody_reads(&mut self) -> Result<(), ReplayError> {
        let reader = Arc::clone(&self.online[self.random.below(self.online.len())]);
        let position = match self.random.once_in(2) {
            true => self.head,
            false => Seq(1 + self.random.number() % self.head.0.max(1)),
        };
        let client = reader.client(&self.stage.access).await?;
        let result = match client.mark_read(self.check.id, position).await {
            Ok(result) => result,
            Err(CallError::Closed { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mark = self.marks.entry(reader.user.clone()).or_default();
        *mark = (*mark).max(position);
        if result.read_seq != *mark {
            let (user, key, expected) = (&reader.user, &self.check.log().key, *mark);
            let example = || format!("{user} in {key} read {}, not {expected}", result.read_seq);
            self.played.report.fault(Fault::UnreadWrong, example);
        }
        Ok(())
    }

    /// Everybody online has seen the last message, then leaves.
    async fn settle(&mut self) -> Result<(), ReplayError> {
        for player in std::mem::take(&mut self.online) {
            self.wait_for(&player).await;
            player.release().await?;
        }
        Ok(())
    }

    async fn wait_for(&mut self, player: &Player) {
        let (room, head) = (self.check.id, self.head);
        if tokio::time::timeout(SETTLE, player.watch.has_seen(room, head)).await.is_err() {
            let seen = player.watch.seen(room).unwrap_or_default();
            let (user, key) = (&player.user, &self.check.log().key);
            let example = || format!("{user} in {key} has {seen} and never got up to {head}");
            self.played.report.faults(Fault::Lost, head.0.saturating_sub(seen.0), example);
        }
    }

    /// Some authors come back, catch up, and compare unread with a recount of the history.
    async fn recount(&mut self, authors: &[UserId]) -> Result<(), ReplayError> {
        for turn in 0..self.stage.options.recounts_per_room.min(authors.len()) {
            let user = self.random.pick(authors).clone();
            let player = self.stage.players.of(&user);
            let client = player.need(&self.stage.access).await?;
            self.wait_for(&player).await;
            let row = client.room(self.check.id).await?;
            let (messages, _) = client.history(self.check.id, Seq::ZERO).await?;
            check_unread(&mut self.played.report, &user, &row, &messages);
            let expected = self.marks.get(&user).copied().unwrap_or_default();
            if row.read_seq != expected {
                let example = || format!("{user} in {}: mark {}, not {expected}", row.room, row.read_seq);
                self.played.report.fault(Fault::UnreadWrong, example);
            }
            if turn == 0 {
                self.check.history(&messages, &mut self.played.report);
            }
            player.release().await?;
        }
        Ok(())
    }
}
