//! `bench list`: the first page of the chat list, for users in few and in many rooms, after many messages.
//!
//! A ping over the same connection is measured beside it: what a list takes longer is its own.

use std::time::Duration;

use bongsu_types::{RoomKind, UserId};
use bongsu_wire::{
    Call, FromServer, ListRooms, Ping, RequestId, RoomPage, decode_server_frame, encode_request,
};
use tokio::time::{Instant, timeout};

use super::fill::fill;
use super::line::{BUSY_BUFFER, Line, text_frame};
use super::outcome::Meter;
use super::scan::{Item, RoomText, items};
use super::template::{Template, room_text};
use super::{BenchError, Histogram, Outcome, Phase, STALL, Target};
use crate::report::{Fault, Report};

/// Rooms of the users who ask.
const READERS: [usize; 3] = [10, 100, 1_000];

/// Id of every request; one is in flight at a time.
const REQUEST_ID: u64 = 2;

/// What there is and what is asked for.
#[derive(Debug, Clone)]
pub struct ListOptions {
    /// Rooms with many messages; further ones, up to 1,000, hold one each.
    pub busy_rooms: usize,
    /// Members of a room.
    pub members: usize,
    /// Messages of a busy room: the lists are measured at each of these, ascending.
    pub messages: Vec<u64>,
    /// Rows of a page.
    pub rows: u32,
    /// Not measured, before each phase.
    pub warm_up: Duration,
    /// Measured, for each phase.
    pub measured: Duration,
}

impl ListOptions {
    /// Messages over all rooms when a busy one holds so many.
    #[must_use]
    pub fn total(&self, messages: u64) -> u64 {
        (0..READERS[2]).map(|room| self.messages_of(room, messages)).sum()
    }

    fn messages_of(&self, room: usize, messages: u64) -> u64 {
        if room < self.busy_rooms { messages } else { 1 }
    }

    fn check(&self) -> Result<(), BenchError> {
        let refused = |why: &str| Err(BenchError::Options(why.to_owned()));
        if self.members <= READERS.len() {
            return refused("a room needs four members");
        }
        if self.messages.first().is_none_or(|first| *first == 0) || !self.messages.is_sorted() {
            return refused("the numbers of messages must be at least 1 and ascend");
        }
        Ok(())
    }
}

/// The rooms, and how full they are.
#[derive(Debug)]
pub struct Lists {
    rooms: Vec<RoomText>,
    /// Messages of a busy room.
    messages: u64,
}

impl Lists {
    /// Makes the rooms, still empty: their members are the readers of that many rooms, the one who writes, and others.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn prepare(target: &Target, options: &ListOptions) -> Result<Self, BenchError> {
        options.check()?;
        let rooms = (0..READERS[2]).map(|room| members_of(target, options, room)).collect();
        let rooms = target.create(RoomKind::Group, rooms, |_| {}).await?;
        Ok(Self { rooms: rooms.into_iter().map(room_text).collect(), messages: 0 })
    }

    /// Who asks, and in how many rooms they are.
    #[must_use]
    pub fn readers(target: &Target) -> [(UserId, usize); 3] {
        std::array::from_fn(|reader| (target.user(reader), READERS[reader]))
    }

    /// Writes until a busy room holds so many messages. `on_progress` is told the messages written.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn fill(
        &mut self,
        target: &Target,
        options: &ListOptions,
        messages: u64,
        on_progress: impl FnMut(u64),
    ) -> Result<(), BenchError> {
        let has = |room| if self.messages == 0 { 0 } else { options.messages_of(room, self.messages) };
        let missing: Vec<_> = self
            .rooms
            .iter()
            .enumerate()
            .map(|(number, room)| (*room, options.messages_of(number, messages).saturating_sub(has(number))))
            .collect();
        let (mut line, _) = target.line(&target.user(READERS.len()), 0, BUSY_BUFFER).await?;
        let template = Template::new(&format!("{}-{messages}", target.run), 40);
        fill(&mut line, template, &missing, on_progress).await?;
        self.messages = messages;
        Ok(())
    }

    /// Measures the lists of all readers over the wire.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or stops answering.
    pub async fn measure(
        &self,
        target: &Target,
        options: &ListOptions,
        outcome: &mut Outcome,
    ) -> Result<(), BenchError> {
        let mut ping = Duration::ZERO;
        for (reader, rooms) in READERS.into_iter().enumerate() {
            let (mut line, _) = target.line(&target.user(reader), 0, BUSY_BUFFER).await?;
            if reader == 0 {
                let name = format!("{} messages: ping", options.total(self.messages));
                let phase = ask_for(target, options, &mut line, &name, &request(Ping {}), &mut None).await?;
                ping = phase.latency.quantile(0.5);
                outcome.phases.push(phase);
            }
            let list = request(ListRooms {
                limit: Some(options.rows),
                cursor: None,
                unread_only: false,
                kind: None,
                hidden: false,
            });
            let answer = ask(&mut line, &list).await?;
            self.judge(&answer, rooms, options, &mut outcome.report)?;
            let name = phase_name(rooms, options.total(self.messages), "wire");
            let mut expected = Some((answer, &mut outcome.report));
            let mut phase = ask_for(target, options, &mut line, &name, &list, &mut expected).await?;
            phase.unit = "lists with socket and JSON, from a client";
            let less = phase.latency.quantile(0.5).saturating_sub(ping);
            outcome.figures.push((format!("{name}, p50 less a ping's, us"), less.as_secs_f64() * 1e6));
            if let Some(server) = phase.server {
                let each = server.cpu.as_secs_f64() * 1e6 / phase.count.max(1) as f64;
                outcome.figures.push((format!("{name}, CPU of the server, us"), each));
            }
            outcome.phases.push(phase);
        }
        Ok(())
    }

    /// Compares a page with what was written: nobody has read anything.
    fn judge(
        &self,
        answer: &[u8],
        rooms: usize,
        options: &ListOptions,
        report: &mut Report,
    ) -> Result<(), BenchError> {
        let page = read_page(answer)?;
        let total: u64 = (0..rooms).map(|room| options.messages_of(room, self.messages)).sum();
        let length = rooms.min(options.rows as usize);
        report.unread_checked += 1 + page.rooms.len() as u64;
        if page.unread_total != total {
            let example = || format!("the badge says {}, {total} were written", page.unread_total);
            report.fault(Fault::UnreadWrong, example);
        }
        if page.rooms.len() != length {
            report.fault(Fault::Lost, || format!("a page of {} rooms, not {length}", page.rooms.len()));
        }
        for row in page.rooms.iter().filter(|row| row.unread != self.messages && row.unread != 1) {
            report.fault(Fault::UnreadWrong, || format!("{} has {} unread", row.room, row.unread));
        }
        Ok(())
    }
}

/// What a phase is called, so that those of one list stand beside each other.
#[must_use]
pub fn phase_name(rooms: usize, messages: u64, how: &str) -> String {
    format!("{rooms} rooms, {messages} messages: {how}")
}

fn members_of(target: &Target, options: &ListOptions, room: usize) -> Vec<UserId> {
    let writer = std::iter::once(READERS.len());
    let readers = (0..READERS.len()).filter(|reader| room < READERS[*reader]);
    // Others are in neighbouring rooms too, as people are.
    let others = (0..).map(|other| READERS.len() + 1 + (room + other) % (2 * options.members));
    writer.chain(readers).chain(others).take(options.members).map(|number| target.user(number)).collect()
}

fn request<C: Call>(params: C) -> Vec<u8> {
    let id = RequestId::from(i64::try_from(REQUEST_ID).expect("a small number"));
    text_frame(&encode_request(Some(&id), &params.into_command()))
}

/// Asks and returns the frame of the answer.
async fn ask(line: &mut Line, request: &[u8]) -> Result<Vec<u8>, BenchError> {
    line.queue(request);
    let answer = async {
        loop {
            while let Some(text) = line.next_text()? {
                if items(text).any(|item| matches!(item, Ok(Item::Answer { id: REQUEST_ID, .. }))) {
                    return Ok(text.to_vec());
                }
            }
            line.read().await?;
        }
    };
    timeout(STALL, answer).await.map_err(|_| BenchError::Stalled("an answer"))?
}

/// Asks again and again. Nothing changes meanwhile, so every answer must be the first one, byte for byte.
async fn ask_for(
    target: &Target,
    options: &ListOptions,
    line: &mut Line,
    name: &str,
    request: &[u8],
    expected: &mut Option<(Vec<u8>, &mut Report)>,
) -> Result<Phase, BenchError> {
    let end = Instant::now() + options.warm_up;
    while Instant::now() < end {
        ask(line, request).await?;
    }
    let mut latency = Histogram::default();
    let meter = Meter::start(target);
    while meter.elapsed() < options.measured {
        let start = Instant::now();
        let answer = ask(line, request).await?;
        latency.add(start.elapsed());
        if let Some((first, report)) = expected
            && *first != answer
        {
            report.fault(Fault::Altered, || format!("{name}: two answers differ and nothing was written"));
        }
    }
    Ok(meter.end(name, "answers", latency.count(), latency))
}

fn read_page(answer: &[u8]) -> Result<RoomPage, BenchError> {
    let unclear = |reason: String| BenchError::Unclear { method: ListRooms::METHOD, reason };
    let text = String::from_utf8_lossy(answer);
    let objects = decode_server_frame(&text).map_err(|error| unclear(error.message))?;
    let answer = objects.into_iter().find_map(|object| match object {
        FromServer::Answer { result, .. } => Some(result),
        FromServer::Event(_) => None,
    });
    let raw = answer.ok_or_else(|| unclear("no answer".to_owned()))?;
    let raw = raw.map_err(|error| BenchError::Refused(error.message))?;
    FromServer::result::<RoomPage>(&raw).map_err(|error| unclear(error.message))
}
