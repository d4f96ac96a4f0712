//! `bench resume`: a device that was away comes back, until it has every message it missed.
//!
//! The clock starts when hello is written on a connection that is open, and stops with the last missed message.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bongsu_types::{DeviceId, Epoch, RoomId, RoomKind, Seq, UserId, UserRev};
use bongsu_wire::{Ack, Call, Hello, Ping, RequestId, encode_request};
use tokio::time::{Instant, timeout};

use super::fill::fill;
use super::line::{BUSY_BUFFER, Line, hello, read_hello, text_frame};
use super::outcome::Meter;
use super::scan::{Item, RoomText, items};
use super::template::{Template, room_text};
use super::watch::Watch;
use super::{BenchError, Histogram, Outcome, STALL, Target};
use crate::report::{Fault, Report};

/// Id of the ping behind an ack.
const PING_ID: u64 = 3;

/// What there is to come back to.
#[derive(Debug, Clone)]
pub struct ResumeOptions {
    /// Rooms of the device's user.
    pub rooms: usize,
    /// Messages missed each time, over all rooms in turn.
    pub missed: usize,
    /// Times it comes back, measured.
    pub times: usize,
    /// Times before them, not measured.
    pub warm_up: usize,
}

/// Runs it. `on_progress` is told the times the device came back.
///
/// # Errors
/// When the server cannot be reached, refuses, or stops answering.
pub async fn run(
    target: &Target,
    options: &ResumeOptions,
    mut on_progress: impl FnMut(u64),
) -> Result<Outcome, BenchError> {
    if options.rooms == 0 || options.missed == 0 || options.times == 0 {
        return Err(BenchError::Options("there must be a room, a missed message and a time".to_owned()));
    }
    let (away, writer) = (target.user(0), target.user(1));
    let members = vec![vec![writer.clone(), away.clone()]; options.rooms];
    let rooms = target.create(RoomKind::Group, members, |_| {}).await?;
    let (mut line, known) = target.line(&away, 0, BUSY_BUFFER).await?;
    settle(&mut line, None).await?;
    drop(line);
    let heads: HashMap<RoomId, Seq> =
        target.list(&away).await?.iter().map(|row| (row.room, row.head_seq)).collect();
    let rooms =
        rooms.into_iter().map(|id| Room::of(id, heads.get(&id).copied().unwrap_or_default())).collect();
    let mut device =
        Device { user: away, epoch: known.epoch, user_rev: known.user_rev, rooms, next: 0, turn: 0 };
    let mut latency = Histogram::default();
    let mut report = Report::default();
    let meter = Meter::start(target);
    for time in 0..options.warm_up + options.times {
        device.miss(target, &writer, options.missed).await?;
        let took = device.come_back(target, options.missed, &mut report).await?;
        if time >= options.warm_up {
            latency.add(took);
        }
        on_progress(time as u64 + 1);
    }
    let phase = meter.end("hello to last message", "resumes", latency.count(), latency);
    for room in &device.rooms {
        room.watch.judge(&room.id.to_string(), room.head, &mut report);
    }
    Ok(Outcome { phases: vec![phase], figures: Vec::new(), report })
}

struct Room {
    id: RoomId,
    text: RoomText,
    /// Where it must be.
    head: Seq,
    watch: Watch,
}

impl Room {
    fn of(id: RoomId, head: Seq) -> Self {
        Self { id, text: room_text(id), head, watch: Watch::after(head) }
    }
}

/// The device that comes and goes.
struct Device {
    user: UserId,
    epoch: Epoch,
    user_rev: UserRev,
    rooms: Vec<Room>,
    /// The room that gets the next message.
    next: usize,
    /// Makes the client ids of each absence its own.
    turn: u64,
}

impl Device {
    /// Messages are written while the device is away.
    async fn miss(&mut self, target: &Target, writer: &UserId, missed: usize) -> Result<(), BenchError> {
        let mut counts = vec![0; self.rooms.len()];
        for _ in 0..missed {
            counts[self.next] += 1;
            self.next = (self.next + 1) % self.rooms.len();
        }
        let filled: Vec<(RoomText, u64)> =
            self.rooms.iter().zip(&counts).map(|(room, count)| (room.text, *count)).collect();
        for (room, count) in self.rooms.iter_mut().zip(counts) {
            room.head = Seq(room.head.0 + count);
        }
        self.turn += 1;
        let template = Template::new(&format!("{}-{}", target.run, self.turn), 200);
        let (mut line, _) = target.line(writer, 0, BUSY_BUFFER).await?;
        fill(&mut line, template, &filled, |_| {}).await
    }

    /// Hello, all that was missed, an ack; returns how long it took until the last message.
    async fn come_back(
        &mut self,
        target: &Target,
        missed: usize,
        report: &mut Report,
    ) -> Result<Duration, BenchError> {
        let by_text: HashMap<RoomText, usize> =
            self.rooms.iter().zip(0..).map(|(room, index)| (room.text, index)).collect();
        let request = self.hello(target);
        let mut line = Line::connect(&target.endpoint, BUSY_BUFFER).await?;
        let start = Instant::now();
        line.queue(&request);
        let mut first = None;
        let mut arrived = 0;
        let all = async {
            while arrived < missed {
                line.read().await?;
                while let Some(text) = line.next_text()? {
                    first.get_or_insert_with(|| text.to_vec());
                    for item in items(text) {
                        if let Item::Message { room, seq } = item?
                            && let Some(index) = by_text.get(room)
                        {
                            self.rooms[*index].watch.arrived(seq);
                            arrived += 1;
                        }
                    }
                }
            }
            Ok::<_, BenchError>(())
        };
        match timeout(STALL, all).await {
            Ok(done) => done?,
            Err(_) => report.fault(Fault::Lost, || format!("{arrived} of {missed} missed messages came")),
        }
        let took = start.elapsed();
        let known = read_hello(&String::from_utf8_lossy(&first.unwrap_or_default()))?;
        if !known.resumed {
            report.fault(Fault::Lost, || "the session was not resumed".to_owned());
        }
        (self.epoch, self.user_rev) = (known.epoch, known.user_rev);
        settle(&mut line, Some(self)).await?;
        Ok(took)
    }

    fn hello(&self, target: &Target) -> Vec<u8> {
        let device = DeviceId::new("bench").expect("a fixed device id is valid");
        let hello = Hello {
            epoch: Some(self.epoch),
            user_rev: Some(self.user_rev),
            ..hello((target.mint_token)(&self.user), device, 0)
        };
        text_frame(&encode_request(Some(&RequestId::from(1)), &hello.into_command()))
    }
}

/// Acks what the device has and waits until the server has read it. What comes meanwhile came twice or too late.
async fn settle(line: &mut Line, mut device: Option<&mut Device>) -> Result<(), BenchError> {
    if let Some(device) = &device {
        let rooms: BTreeMap<RoomId, Seq> =
            device.rooms.iter().map(|room| (room.id, room.watch.seen())).collect();
        line.queue(&text_frame(&encode_request(None, &Ack { rooms }.into_command())));
    }
    let id = RequestId::from(i64::try_from(PING_ID).expect("a small number"));
    line.queue(&text_frame(&encode_request(Some(&id), &Ping {}.into_command())));
    let answer = async {
        loop {
            line.read().await?;
            while let Some(text) = line.next_text()? {
                for item in items(text) {
                    match item? {
                        Item::Answer { id: PING_ID, .. } => return Ok(()),
                        Item::Message { room, seq } => {
                            let rooms = device.iter_mut().flat_map(|device| &mut device.rooms);
                            rooms
                                .filter(|known| known.text == *room)
                                .for_each(|known| known.watch.arrived(seq));
                        }
                        Item::Sent { .. } | Item::Answer { .. } | Item::Event => {}
                    }
                }
            }
        }
    };
    timeout(STALL, answer).await.map_err(|_| BenchError::Stalled("the answer to a ping"))?
}
