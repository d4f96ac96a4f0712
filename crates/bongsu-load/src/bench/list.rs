//! `bench list`: the first page of the chat list, for users in few and in many rooms, after many messages.
//!
//! A ping over the same connection is measured beside it: what a list takes longer is its own.

use std::time::Duration;

use bongsu_types::{RoomKind, UserId};
use bongsu_wire::{
    Call, FromServer, ListRooms, ListRow, Ping, RequestId, RoomPage, decode_server_frame, encode_request,
};
use tokio::time::{Instant, timeout};

use super::fill::fill;
use super::line::{BUSY_BUFFER, Line, text_frame};
use super::outcome::Meter;
use super::scan::{Item, items};
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
    /// Messages of a busy room.
    pub messages: u64,
    /// Rows of a page.
    pub rows: u32,
    /// Not measured, before each phase.
    pub warm_up: Duration,
    /// Measured, for each phase.
    pub measured: Duration,
}

impl ListOptions {
    /// Messages over all rooms.
    #[must_use]
    pub fn messages_total(&self) -> u64 {
        (0..READERS[2]).map(|room| self.messages_of(room)).sum()
    }

    fn messages_of(&self, room: usize) -> u64 {
        if room < self.busy_rooms { self.messages } else { 1 }
    }
}

/// Runs it. `on_progress` is told the messages written.
///
/// # Errors
/// When the server cannot be reached, refuses, or stops answering.
pub async fn run(
    target: &Target,
    options: &ListOptions,
    on_progress: impl FnMut(u64),
) -> Result<Outcome, BenchError> {
    if options.members <= READERS.len() || options.messages == 0 {
        return Err(BenchError::Options("a room needs five members and a message".to_owned()));
    }
    prepare(target, options, on_progress).await?;
    let mut outcome = Outcome::default();
    for (reader, rooms) in READERS.into_iter().enumerate() {
        let (mut line, _) = target.line(&target.user(reader), 0, BUSY_BUFFER).await?;
        if reader == 0 {
            let ping = request(Ping {});
            outcome.phases.push(ask_for(target, options, &mut line, "ping", &ping, &mut None).await?);
        }
        let page = ListRooms {
            limit: Some(options.rows),
            cursor: None,
            unread_only: false,
            kind: None,
            hidden: false,
        };
        let list = request(page);
        let answer = ask(&mut line, &list).await?;
        judge(&answer, rooms, options, &mut outcome.report)?;
        let name = format!("list of {rooms} rooms");
        let mut expected = Some((answer, &mut outcome.report));
        let phase = ask_for(target, options, &mut line, &name, &list, &mut expected).await?;
        let less = phase.latency.quantile(0.5).saturating_sub(outcome.phases[0].latency.quantile(0.5));
        outcome.figures.push((format!("{name}, p50 less that of a ping, us"), less.as_secs_f64() * 1e6));
        if let Some(server) = phase.server {
            let each = server.cpu.as_secs_f64() * 1e6 / phase.count.max(1) as f64;
            outcome.figures.push((format!("{name}, CPU of the server for each, us"), each));
        }
        outcome.phases.push(phase);
    }
    Ok(outcome)
}

/// Makes the rooms and fills them. The members are the readers of that many rooms, the one who writes, and others.
async fn prepare(
    target: &Target,
    options: &ListOptions,
    on_progress: impl FnMut(u64),
) -> Result<(), BenchError> {
    let writer = target.user(READERS.len());
    let rooms = (0..READERS[2]).map(|room| members_of(target, options, room)).collect();
    let rooms = target.create(RoomKind::Group, rooms, |_| {}).await?;
    let filled: Vec<_> = rooms
        .iter()
        .enumerate()
        .map(|(number, room)| (room_text(*room), options.messages_of(number)))
        .collect();
    let (mut line, _) = target.line(&writer, 0, BUSY_BUFFER).await?;
    fill(&mut line, Template::new(&target.run, 40), &filled, on_progress).await
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
                if items(text).any(|item| matches!(item, Item::Answer { id: REQUEST_ID, .. })) {
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

/// Compares a page with what was written: nobody has read anything.
fn judge(answer: &[u8], rooms: usize, options: &ListOptions, report: &mut Report) -> Result<(), BenchError> {
    let unclear = |reason: String| BenchError::Unclear { method: ListRooms::METHOD, reason };
    let text = String::from_utf8_lossy(answer);
    let objects = decode_server_frame(&text).map_err(|error| unclear(error.message))?;
    let answer = objects.into_iter().find_map(|object| match object {
        FromServer::Answer { result, .. } => Some(result),
        FromServer::Event(_) => None,
    });
    let raw = answer.ok_or_else(|| unclear("no answer".to_owned()))?;
    let raw = raw.map_err(|error| BenchError::Refused(error.message))?;
    let page = FromServer::result::<RoomPage>(&raw).map_err(|error| unclear(error.message))?;
    let total: u64 = (0..rooms).map(|room| options.messages_of(room)).sum();
    check_page(&page.rooms, (page.unread_total, total), rooms.min(options.rows as usize), options, report);
    Ok(())
}

fn check_page(
    rows: &[ListRow],
    (unread, expected): (u64, u64),
    length: usize,
    options: &ListOptions,
    report: &mut Report,
) {
    report.unread_checked += 1 + rows.len() as u64;
    if unread != expected {
        report.fault(Fault::UnreadWrong, || format!("the badge says {unread}, {expected} were written"));
    }
    if rows.len() != length {
        report.fault(Fault::Lost, || format!("a page of {} rooms, not {length}", rows.len()));
    }
    for row in rows.iter().filter(|row| row.unread != options.messages && row.unread != 1) {
        report.fault(Fault::UnreadWrong, || format!("{} has {} unread", row.room, row.unread));
    }
}
