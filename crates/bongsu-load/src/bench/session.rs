//! One device that stays online: it reads what comes, keeps itself alive as the protocol asks, and notices what is
//! missing. Thousands of them run on one thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_types::{Epoch, RoomId, Seq, UserId, UserRev};
use bongsu_wire::{Call, HelloResult, ListRow, Ping, RequestId, encode_request};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::line::{Line, hello, read_hello, text_frame};
use super::scan::{Item, RoomText, items};
use super::target::bench_device;
use super::template::room_text;
use super::watch::Watch;
use super::{BenchError, Histogram, PROGRESS_EVERY, STALL, Target};
use crate::report::{Fault, Report};

/// Sessions opened at once when nothing is measured by it.
const HELLOS_AT_ONCE: usize = 64;

/// Buffer of a quiet session, bytes; it grows for an answer that is longer.
pub(super) const QUIET_BUFFER: usize = 2 * 1024;

/// Id of every ping.
const PING_ID: u64 = 3;

/// A device and what it knows, online or not.
#[derive(Debug)]
pub(super) struct Session {
    user: UserId,
    /// Good for a day: coming back needs no new one.
    token: String,
    epoch: Epoch,
    user_rev: UserRev,
    ping_every: Duration,
    rooms: BTreeMap<RoomText, Seat>,
}

/// The device in one room.
#[derive(Debug)]
struct Seat {
    room: RoomId,
    /// Where the device stood when it first came.
    start: Seq,
    watch: Watch,
}

impl Seat {
    fn of(row: &ListRow) -> Self {
        Self { room: row.room, start: row.head_seq, watch: Watch::after(row.head_seq) }
    }
}

/// What one read brought.
#[derive(Debug, Default)]
struct Heard {
    messages: u64,
    /// The answer to a ping was there.
    is_pinged: bool,
}

/// Who is told what the sessions see.
#[derive(Debug, Default)]
pub(super) struct Ear {
    arrived: AtomicU64,
    pings: Mutex<Histogram>,
    changed: Notify,
}

impl Ear {
    /// Messages that arrived at all sessions.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Round trips of pings since they were taken last.
    pub(super) fn take_pings(&self) -> Histogram {
        std::mem::take(&mut self.pings.lock().expect("no holder panics"))
    }

    fn pinged(&self, took: Duration) {
        self.pings.lock().expect("no holder panics").add(took);
    }

    fn heard(&self, messages: u64) {
        if messages > 0 {
            self.arrived.fetch_add(messages, Ordering::Relaxed);
            self.changed.notify_waiters();
        }
    }
}

/// Sessions that are online, each a task.
#[derive(Debug)]
pub(super) struct Online {
    pub(super) ear: Arc<Ear>,
    until: CancellationToken,
    sessions: JoinSet<Result<Session, BenchError>>,
}

impl Online {
    /// Nobody yet.
    pub(super) fn heard_by(ear: Arc<Ear>) -> Self {
        Self { ear, until: CancellationToken::new(), sessions: JoinSet::new() }
    }

    /// Opens a session of each of the first users, and tells how long each hello took. `rows` is the number of rooms
    /// each of them is in.
    pub(super) async fn open(
        target: &Target,
        users: usize,
        rows: usize,
        mut on_progress: impl FnMut(u64),
    ) -> Result<(Self, Histogram), BenchError> {
        let mut online = Self::heard_by(Arc::default());
        let mut hellos = Histogram::default();
        let opening = stream::iter(0..users).map(|user| Session::open(target, user, rows));
        let mut opening = opening.buffer_unordered(HELLOS_AT_ONCE);
        while let Some((session, line, took)) = opening.try_next().await? {
            hellos.add(took);
            online.join(session, line);
            on_progress(hellos.count());
        }
        Ok((online, hellos))
    }

    /// A session stays online from now on.
    pub(super) fn join(&mut self, session: Session, line: Line) {
        self.sessions.spawn(session.stay(line, Arc::clone(&self.ear), self.until.clone()));
    }

    /// Lets time pass; fails when a session ends.
    pub(super) async fn pass(
        &mut self,
        time: Duration,
        mut on_progress: impl FnMut(Duration),
    ) -> Result<(), BenchError> {
        let start = Instant::now();
        while start.elapsed() < time {
            tokio::select! {
                Some(ended) = self.sessions.join_next() => drop(ended??),
                () = tokio::time::sleep(PROGRESS_EVERY.min(time - start.elapsed())) => {}
            }
            on_progress(start.elapsed());
        }
        Ok(())
    }

    /// Waits until so many messages arrived; `false` when nothing came for a long time.
    pub(super) async fn all_arrived(&mut self, expected: u64) -> Result<bool, BenchError> {
        let mut before = self.ear.arrived();
        loop {
            let ear = Arc::clone(&self.ear);
            let changed = ear.changed.notified();
            if ear.arrived() >= expected {
                return Ok(true);
            }
            tokio::select! {
                () = changed => continue,
                Some(ended) = self.sessions.join_next() => drop(ended??),
                () = tokio::time::sleep(STALL) => {}
            }
            let now = ear.arrived();
            if now == before {
                return Ok(false);
            }
            before = now;
        }
    }

    /// Cuts every connection, without a goodbye.
    pub(super) async fn cut(mut self) -> Result<Vec<Session>, BenchError> {
        self.until.cancel();
        let mut cut = Vec::with_capacity(self.sessions.len());
        while let Some(session) = self.sessions.join_next().await {
            cut.push(session??);
        }
        Ok(cut)
    }
}

impl Session {
    /// The first hello of a device, which also tells its rooms.
    async fn open(target: &Target, user: usize, rows: usize) -> Result<(Self, Line, Duration), BenchError> {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let user = target.user(user);
        let token = (target.mint_token)(&user);
        let start = Instant::now();
        let (line, known) = target.line(&user, rows, QUIET_BUFFER).await?;
        let took = start.elapsed();
        let page = known.list.as_ref().map(|page| page.rooms.as_slice()).unwrap_or_default();
        let rooms = page.iter().map(|row| (room_text(row.room), Seat::of(row))).collect();
        let session = Self {
            user,
            token,
            epoch: known.epoch,
            user_rev: known.user_rev,
            ping_every: Duration::from_millis(known.ping_ms.max(1)),
            rooms,
        };
        Ok((session, line, took))
    }

    /// Comes back over a connection that was just made: hello, and what stands in the frame of its answer.
    pub(super) async fn come_back(&mut self, line: &mut Line, ear: &Ear) -> Result<HelloResult, BenchError> {
        let mut hello = hello(self.token.clone(), bench_device(), 0);
        (hello.epoch, hello.user_rev) = (Some(self.epoch), Some(self.user_rev));
        // Nothing was acked, so the server has no position beyond the first: what came since must not come again.
        let moved = self.rooms.values().filter(|seat| seat.watch.seen() > seat.start);
        hello.cursors = moved.map(|seat| (seat.room, seat.watch.seen())).collect();
        line.queue(&text_frame(&encode_request(Some(&RequestId::from(1)), &hello.into_command())));
        let answer = timeout(STALL, line.wait_text()).await;
        let answer = answer.map_err(|_| BenchError::Stalled("the answer to a hello"))??;
        let known = read_hello(&answer)?;
        (self.epoch, self.user_rev) = (known.epoch, known.user_rev);
        let mut heard = Heard::default();
        self.watch(answer.as_bytes(), &mut heard)?;
        ear.heard(heard.messages);
        Ok(known)
    }

    /// Reads all that comes and pings as often as the server asked for, until told to stop.
    async fn stay(
        mut self,
        mut line: Line,
        ear: Arc<Ear>,
        until: CancellationToken,
    ) -> Result<Self, BenchError> {
        let id = RequestId::from(i64::try_from(PING_ID).expect("a small number"));
        let ping = text_frame(&encode_request(Some(&id), &Ping {}.into_command()));
        let mut pings = interval_at(Instant::now() + self.ping_every, self.ping_every);
        let mut pinged = None;
        // What came in one read with the answer to hello.
        ear.heard(self.take(&mut line)?.messages);
        loop {
            tokio::select! {
                biased;
                () = until.cancelled() => return Ok(self),
                _ = pings.tick() => {
                    line.queue(&ping);
                    pinged = Some(Instant::now());
                }
                read = line.read() => {
                    read?;
                    let heard = self.take(&mut line)?;
                    ear.heard(heard.messages);
                    if heard.is_pinged && let Some(at) = pinged.take() {
                        ear.pinged(at.elapsed());
                    }
                }
            }
        }
    }

    /// Takes the whole frames that were read.
    fn take(&mut self, line: &mut Line) -> Result<Heard, BenchError> {
        let mut heard = Heard::default();
        while let Some(text) = line.next_text()? {
            self.watch(text, &mut heard)?;
        }
        Ok(heard)
    }

    fn watch(&mut self, text: &[u8], heard: &mut Heard) -> Result<(), BenchError> {
        for item in items(text) {
            match item? {
                Item::Message { room, seq } => {
                    heard.messages += 1;
                    if let Some(seat) = self.rooms.get_mut(room) {
                        seat.watch.arrived(seq);
                    }
                }
                Item::Answer { id: PING_ID, rest } => {
                    if !rest.starts_with(b",\"result\"") {
                        return Err(BenchError::Refused(String::from_utf8_lossy(rest).into_owned()));
                    }
                    heard.is_pinged = true;
                }
                Item::Answer { .. } | Item::Sent { .. } | Item::Event => {}
            }
        }
        Ok(())
    }

    /// Counts what was wrong, given the heads of the rooms in the end.
    pub(super) fn judge(&self, rooms: usize, heads: &BTreeMap<RoomText, Seq>, report: &mut Report) {
        let who = |room: &RoomText| format!("{} in {}", self.user, String::from_utf8_lossy(room));
        let missing = rooms.saturating_sub(self.rooms.len()) as u64;
        report.faults(Fault::Lost, missing, || {
            format!("{} is in {} rooms, not {rooms}", self.user, self.rooms.len())
        });
        for (room, seat) in &self.rooms {
            seat.watch.judge(&who(room), heads.get(room).copied().unwrap_or_default(), report);
        }
    }
}
