//! `bench send`: durable sends, several in flight on each connection, spread over many rooms.
//!
//! Each room has its sender and a member who is away, so what is measured is the way in: commit, answer, and the
//! sender's own copy.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bongsu_types::{RoomKind, Seq};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::line::{BUSY_BUFFER, Line};
use super::outcome::Meter;
use super::scan::{Item, RoomText, items};
use super::template::{Template, room_text};
use super::watch::{Answers, Watch};
use super::{BenchError, Histogram, Outcome, PROGRESS_EVERY, STALL, Target};
use crate::report::Report;

/// Rows of the chat list that come with hello: every sender's rooms must be among them.
const ROWS_MAX: usize = 200;

/// What is sent.
#[derive(Debug, Clone)]
pub struct SendOptions {
    /// Connections, each of its own user.
    pub connections: usize,
    /// Sends a connection has in flight.
    pub in_flight: usize,
    /// Rooms over all.
    pub rooms: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Not measured.
    pub warm_up: Duration,
    /// Measured.
    pub measured: Duration,
}

/// What a tick of the run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Rooms made.
    Rooms(u64),
    /// Sends answered.
    Sends(u64),
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached, refuses, or stops answering.
pub async fn run(
    target: &Target,
    options: &SendOptions,
    mut on_progress: impl FnMut(Progress),
) -> Result<Outcome, BenchError> {
    check(options)?;
    let rooms = (0..options.rooms)
        .map(|room| vec![target.user(room % options.connections), target.user(options.connections)])
        .collect();
    target.create(RoomKind::Group, rooms, |rooms| on_progress(Progress::Rooms(rooms))).await?;
    let stage = Arc::new(Stage::default());
    let mut senders = JoinSet::new();
    for number in 0..options.connections {
        let sender = Sender::open(target, options, number, Arc::clone(&stage)).await?;
        senders.spawn(sender.run());
    }
    pass(&mut senders, &stage, options.warm_up, &mut on_progress).await?;
    stage.measuring.store(true, Ordering::Relaxed);
    let meter = Meter::start(target);
    let before = stage.answered.load(Ordering::Relaxed);
    pass(&mut senders, &stage, options.measured, &mut on_progress).await?;
    let count = stage.answered.load(Ordering::Relaxed) - before;
    stage.over.store(true, Ordering::Relaxed);
    let mut phase = meter.end("send", "sends", count, Histogram::default());
    let mut outcome = Outcome::default();
    let ends = timeout(STALL, senders.join_all()).await;
    for end in ends.map_err(|_| BenchError::Stalled("the last answers and deliveries"))? {
        let sender = end?;
        phase.latency.merge(&sender.latency);
        judge(target, sender, &mut outcome.report).await?;
    }
    outcome.phases.push(phase);
    Ok(outcome)
}

fn check(options: &SendOptions) -> Result<(), BenchError> {
    let refused = |why: &str| Err(BenchError::Options(why.to_owned()));
    if options.connections == 0 || options.in_flight == 0 || options.rooms < options.connections {
        return refused("there must be a connection, a send in flight, and a room for each connection");
    }
    if options.rooms.div_ceil(options.connections) > ROWS_MAX {
        return refused("at most 200 rooms for each connection: the first page of its chat list");
    }
    Ok(())
}

/// Lets time pass; fails when a sender does or when no answer comes.
async fn pass(
    senders: &mut JoinSet<Result<Sender, BenchError>>,
    stage: &Stage,
    time: Duration,
    on_progress: &mut impl FnMut(Progress),
) -> Result<(), BenchError> {
    let end = Instant::now() + time;
    let (mut last, mut since) = (stage.answered.load(Ordering::Relaxed), Instant::now());
    while Instant::now() < end {
        tokio::select! {
            Some(ended) = senders.join_next() => {
                ended??;
            }
            () = sleep(PROGRESS_EVERY.min(end - Instant::now())) => {}
        }
        let answered = stage.answered.load(Ordering::Relaxed);
        on_progress(Progress::Sends(answered));
        if answered != last {
            (last, since) = (answered, Instant::now());
        } else if since.elapsed() > STALL {
            return Err(BenchError::Stalled("an answer to a send"));
        }
    }
    Ok(())
}

/// Compares what a sender was answered and got with the heads the server has.
async fn judge(target: &Target, sender: Sender, report: &mut Report) -> Result<(), BenchError> {
    let user = target.user(sender.number);
    let rows = target.list(&user).await?;
    let heads: HashMap<RoomText, Seq> = rows.iter().map(|row| (room_text(row.room), row.head_seq)).collect();
    for room in &sender.rooms {
        let head = heads.get(&room.id).copied().unwrap_or_default();
        let name = String::from_utf8_lossy(&room.id);
        room.answers.judge(&name, head, report);
        room.watch.judge(&name, room.answers.head(), report);
    }
    Ok(())
}

/// What all senders share.
#[derive(Debug, Default)]
struct Stage {
    /// The warm-up is over.
    measuring: AtomicBool,
    /// No more sends.
    over: AtomicBool,
    /// Sends answered.
    answered: AtomicU64,
}

/// A send without an answer.
#[derive(Debug, Clone, Copy)]
struct Pending {
    written: Instant,
    room: usize,
    /// Which one of its room.
    place: usize,
    measured: bool,
}

#[derive(Debug)]
struct Room {
    id: RoomText,
    answers: Answers,
    watch: Watch,
}

/// One connection: as many sends in flight as asked, the rooms in turn.
struct Sender {
    number: usize,
    line: Line,
    stage: Arc<Stage>,
    template: Template,
    rooms: Vec<Room>,
    by_id: HashMap<RoomText, usize>,
    /// In flight, each at its place; a send's number modulo the length is its place.
    slots: Vec<Option<Pending>>,
    /// How often each place was used.
    turns: Vec<u64>,
    sent: usize,
    latency: Histogram,
}

impl Sender {
    async fn open(
        target: &Target,
        options: &SendOptions,
        number: usize,
        stage: Arc<Stage>,
    ) -> Result<Self, BenchError> {
        let user = target.user(number);
        let rows = u32::try_from(ROWS_MAX).expect("a page is small");
        let (line, hello) = target.line(&user, rows, BUSY_BUFFER).await?;
        let rows = hello.list.map(|page| page.rooms).unwrap_or_default();
        let rooms: Vec<Room> = rows
            .iter()
            .map(|row| Room {
                id: room_text(row.room),
                answers: Answers::after(row.head_seq),
                watch: Watch::after(row.head_seq),
            })
            .collect();
        if rooms.is_empty() {
            return Err(BenchError::Options(format!("{user} has no room although some were made")));
        }
        let by_id = rooms.iter().zip(0..).map(|(room, index)| (room.id, index)).collect();
        Ok(Self {
            number,
            line,
            stage,
            template: Template::new(&target.run, options.text_bytes),
            rooms,
            by_id,
            slots: vec![None; options.in_flight],
            turns: vec![0; options.in_flight],
            sent: 0,
            latency: Histogram::default(),
        })
    }

    async fn run(mut self) -> Result<Self, BenchError> {
        loop {
            if !self.stage.over.load(Ordering::Relaxed) {
                self.write_sends();
            } else if self.is_settled() {
                return Ok(self);
            }
            self.line.read().await?;
            self.take()?;
        }
    }

    /// Every send is answered, and every own copy arrived.
    fn is_settled(&self) -> bool {
        let is_whole = |room: &Room| room.watch.seen() >= room.answers.head();
        self.slots.iter().all(Option::is_none) && self.rooms.iter().all(is_whole)
    }

    /// Fills the places that are free.
    fn write_sends(&mut self) {
        let measured = self.stage.measuring.load(Ordering::Relaxed);
        let places = self.slots.len() as u64;
        for (slot, place) in (0..self.slots.len()).zip(0..) {
            if self.slots[slot].is_some() {
                continue;
            }
            let room = self.sent % self.rooms.len();
            let number = self.turns[slot] * places + place;
            self.turns[slot] += 1;
            self.sent += 1;
            let frame = self.template.address(&self.rooms[room].id, number);
            self.line.queue(frame);
            let place = self.rooms[room].answers.written();
            self.slots[slot] = Some(Pending { written: Instant::now(), room, place, measured });
        }
    }

    fn take(&mut self) -> Result<(), BenchError> {
        let now = Instant::now();
        let mut answered = 0;
        while let Some(text) = self.line.next_text()? {
            for item in items(text) {
                match item? {
                    Item::Sent { id, seq, duplicate } => {
                        answered += 1;
                        let slot = slot_of(id, self.slots.len());
                        let Some(pending) = self.slots[slot].take() else {
                            return Err(BenchError::Unclear {
                                method: "message.send",
                                reason: format!("{id} was answered twice"),
                            });
                        };
                        self.rooms[pending.room].answers.answered(pending.place, seq, duplicate);
                        if pending.measured {
                            self.latency.add(now.saturating_duration_since(pending.written));
                        }
                    }
                    Item::Message { room, seq } => {
                        if let Some(index) = self.by_id.get(room) {
                            self.rooms[*index].watch.arrived(seq);
                        }
                    }
                    Item::Answer { rest, .. } => {
                        return Err(BenchError::Refused(String::from_utf8_lossy(rest).into_owned()));
                    }
                    Item::Event => {}
                }
            }
        }
        self.stage.answered.fetch_add(answered, Ordering::Relaxed);
        Ok(())
    }
}

/// The place of the send that an answer's id belongs to.
fn slot_of(id: u64, places: usize) -> usize {
    let number = Template::number(id).unwrap_or_default();
    usize::try_from(number % places as u64).expect("below the number of places")
}
