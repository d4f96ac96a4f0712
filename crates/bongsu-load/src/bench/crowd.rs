//! Members of one room who read all that comes: where everybody stands, and how long each delivery took.

use std::sync::{Arc, Mutex, MutexGuard};

use bongsu_types::Seq;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::line::Line;
use super::scan::{Item, RoomText, items};
use super::template::Template;
use super::watch::{Answers, Watch};
use super::{BenchError, Histogram, STALL};
use crate::report::Report;

/// Batches of frames on their way to the member who speaks.
const BATCHES: usize = 16;

/// The members and what they got. Dropping it disconnects them.
#[derive(Debug)]
pub(super) struct Crowd {
    shared: Arc<Shared>,
    members: JoinSet<Result<(), BenchError>>,
    joined: u64,
}

#[derive(Debug)]
struct Shared {
    room: RoomText,
    start: Seq,
    tally: Mutex<Tally>,
    reached: Notify,
}

#[derive(Debug)]
struct Tally {
    /// When each message was written, from the one after `start`.
    written: Vec<Instant>,
    watches: Vec<Watch>,
    answers: Answers,
    arrived: u64,
    expected: u64,
    bytes: u64,
    latency: Histogram,
}

impl Crowd {
    /// Nobody yet, in a room whose head is `start`.
    pub(super) fn of(room: RoomText, start: Seq) -> Self {
        let tally = Tally {
            written: Vec::new(),
            watches: Vec::new(),
            answers: Answers::after(start),
            arrived: 0,
            expected: 0,
            bytes: 0,
            latency: Histogram::default(),
        };
        let shared = Shared { room, start, tally: Mutex::new(tally), reached: Notify::new() };
        Self { shared: Arc::new(shared), members: JoinSet::new(), joined: 0 }
    }

    /// A member reads from now on.
    pub(super) fn join(&mut self, line: Line) {
        let number = self.seat();
        self.members.spawn(listen(Arc::clone(&self.shared), number, line));
    }

    /// A member reads from now on and writes what is sent to it.
    pub(super) fn join_speaker(&mut self, line: Line) -> mpsc::Sender<Vec<u8>> {
        let (sender, batches) = mpsc::channel(BATCHES);
        let number = self.seat();
        self.members.spawn(speak(Arc::clone(&self.shared), number, line, batches));
        sender
    }

    fn seat(&mut self) -> usize {
        let start = self.shared.start;
        let mut tally = self.shared.tally();
        tally.watches.push(Watch::after(start));
        self.joined += 1;
        tally.watches.len() - 1
    }

    /// A message is written at this moment: everybody will get it. Returns its number, from 0.
    pub(super) fn expect(&self, written: Instant) -> u64 {
        let mut tally = self.shared.tally();
        tally.written.push(written);
        tally.expected += self.joined;
        tally.answers.written() as u64
    }

    /// Deliveries until now.
    pub(super) fn arrived(&self) -> u64 {
        self.shared.tally().arrived
    }

    /// Bytes of the deliveries until now.
    pub(super) fn bytes(&self) -> u64 {
        self.shared.tally().bytes
    }

    /// The latencies since they were taken last.
    pub(super) fn take_latency(&self) -> Histogram {
        std::mem::take(&mut self.shared.tally().latency)
    }

    /// Waits until everybody has everything. `false` when nothing came for a long time: something is lost.
    pub(super) async fn all_arrived(&mut self) -> Result<bool, BenchError> {
        let mut before = self.arrived();
        loop {
            let reached = self.shared.reached.notified();
            if self.shared.tally().is_complete() {
                return Ok(true);
            }
            tokio::select! {
                () = reached => continue,
                Some(ended) = self.members.join_next() => ended??,
                () = tokio::time::sleep(STALL) => {}
            }
            let now = self.arrived();
            if now == before {
                return Ok(false);
            }
            before = now;
        }
    }

    /// Waits until the speaker has every answer.
    pub(super) async fn all_answered(&mut self) -> Result<(), BenchError> {
        let answered = async {
            loop {
                let reached = self.shared.reached.notified();
                if self.shared.tally().answers.are_complete() {
                    return;
                }
                reached.await;
            }
        };
        timeout(STALL, answered).await.map_err(|_| BenchError::Stalled("the answers to the sender"))
    }

    /// Counts what was wrong with the deliveries.
    pub(super) fn judge_deliveries(&self, report: &mut Report) {
        let tally = self.shared.tally();
        let head = tally.answers.head();
        for (number, watch) in tally.watches.iter().enumerate() {
            watch.judge(&format!("member {number}"), head, report);
        }
    }

    /// Counts what was wrong with the answers, given the head the server has.
    pub(super) fn judge_answers(&self, head: Seq, report: &mut Report) {
        self.shared.tally().answers.judge("the sender", head, report);
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("no holder panics")
    }

    /// Counts what a member read. One lock for all of it.
    fn take(&self, number: usize, line: &mut Line, bytes: u64) -> Result<(), BenchError> {
        let now = Instant::now();
        let mut tally = self.tally();
        tally.bytes += bytes;
        let mut is_answered = false;
        while let Some(text) = line.next_text()? {
            for item in items(text) {
                match item? {
                    Item::Message { room, seq } if *room == self.room => {
                        tally.arrived(self.start, number, seq, now)
                    }
                    Item::Sent { id, seq, duplicate } => {
                        is_answered = true;
                        let send = Template::number(id).and_then(|send| usize::try_from(send).ok());
                        tally.answers.answered(send.unwrap_or(usize::MAX), seq, duplicate);
                    }
                    Item::Answer { rest, .. } => {
                        return Err(BenchError::Refused(String::from_utf8_lossy(rest).into_owned()));
                    }
                    Item::Message { .. } | Item::Event => {}
                }
            }
        }
        if tally.is_complete() || is_answered {
            self.reached.notify_waiters();
        }
        Ok(())
    }
}

impl Tally {
    fn arrived(&mut self, start: Seq, number: usize, seq: Seq, now: Instant) {
        self.arrived += 1;
        self.watches[number].arrived(seq);
        let index = seq.0.checked_sub(start.0 + 1).and_then(|index| usize::try_from(index).ok());
        if let Some(written) = index.and_then(|index| self.written.get(index)) {
            self.latency.add(now.saturating_duration_since(*written));
        }
    }

    fn is_complete(&self) -> bool {
        self.arrived >= self.expected
    }
}

async fn listen(shared: Arc<Shared>, number: usize, mut line: Line) -> Result<(), BenchError> {
    loop {
        let before = line.bytes_read;
        line.read().await?;
        let bytes = line.bytes_read - before;
        shared.take(number, &mut line, bytes)?;
    }
}

async fn speak(
    shared: Arc<Shared>,
    number: usize,
    mut line: Line,
    mut batches: mpsc::Receiver<Vec<u8>>,
) -> Result<(), BenchError> {
    loop {
        let before = line.bytes_read;
        tokio::select! {
            biased;
            Some(batch) = batches.recv() => {
                line.queue(&batch);
                line.flush().await?;
            }
            read = line.read() => read?,
        }
        let bytes = line.bytes_read - before;
        shared.take(number, &mut line, bytes)?;
    }
}
