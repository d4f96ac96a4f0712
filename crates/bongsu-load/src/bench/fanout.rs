//! `bench fanout`: one sender into a room whose members are all online.
//!
//! Three phases: unloaded (the next message after the last delivery), bursts (many messages written at once), and
//! half of the rate the bursts reached, written at a steady pace whatever the server does.

use std::time::Duration;

use bongsu_types::RoomKind;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::crowd::Crowd;
use super::line::BUSY_BUFFER;
use super::outcome::Meter;
use super::scan::RoomText;
use super::template::{Template, room_text};
use super::{BenchError, Outcome, Phase, Target};
use crate::report::Report;

/// Name of the phase without load.
pub const UNLOADED: &str = "unloaded";

/// How long the steady pace waits between looks at the clock.
const PACE: Duration = Duration::from_millis(1);

/// What is sent to whom.
#[derive(Debug, Clone)]
pub struct FanoutOptions {
    /// Members, all online; the first one sends.
    pub members: usize,
    /// Messages of a burst.
    pub burst: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Not measured, before each phase.
    pub warm_up: Duration,
    /// Measured, for each phase.
    pub measured: Duration,
}

/// What was measured, and how long a delivery was.
#[derive(Debug)]
pub struct Fanout {
    /// The phases.
    pub outcome: Outcome,
    /// Bytes of an unloaded delivery, its frame's header included.
    pub delivery_bytes: usize,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached, refuses, or stops answering.
pub async fn run(
    target: &Target,
    options: &FanoutOptions,
    mut on_phase: impl FnMut(&str),
) -> Result<Fanout, BenchError> {
    if options.members < 2 || options.burst == 0 {
        return Err(BenchError::Options("there must be two members and a message in a burst".to_owned()));
    }
    on_phase("preparing");
    let mut stage = Stage::open(target, options).await?;
    let mut phases = Vec::new();
    on_phase(UNLOADED);
    stage.send_for(options.warm_up, 1).await?;
    let (bytes, arrived) = (stage.crowd.bytes(), stage.crowd.arrived());
    phases.push(stage.measure(target, UNLOADED, options.measured, 1).await?);
    let delivery_bytes = (stage.crowd.bytes() - bytes) / (stage.crowd.arrived() - arrived).max(1);
    on_phase("bursts");
    stage.send_for(options.warm_up, options.burst).await?;
    let bursts = stage.measure(target, "bursts", options.measured, options.burst).await?;
    on_phase("half of that rate");
    let messages_per_s = bursts.rate() / 2.0 / options.members as f64;
    phases.push(bursts);
    phases.push(stage.measure_paced(target, options.measured, messages_per_s).await?);
    let report = stage.judge(target).await?;
    let outcome = Outcome { phases, figures: Vec::new(), report };
    Ok(Fanout { outcome, delivery_bytes: usize::try_from(delivery_bytes).unwrap_or(usize::MAX) })
}

/// The room, its members, and the one who sends.
struct Stage {
    crowd: Crowd,
    speaker: mpsc::Sender<Vec<u8>>,
    template: Template,
    room: RoomText,
}

impl Stage {
    async fn open(target: &Target, options: &FanoutOptions) -> Result<Self, BenchError> {
        let members: Vec<_> = (0..options.members).map(|number| target.user(number)).collect();
        let created = target.create(RoomKind::Group, vec![members.clone()], |_| {}).await?;
        let room = created.first().map(|room| room_text(*room)).unwrap_or([0; 36]);
        let (line, _) = target.line(&members[0], 0, BUSY_BUFFER).await?;
        let mut crowd = Crowd::of(room, target.head_of(&members[0], room).await?);
        let speaker = crowd.join_speaker(line);
        for member in &members[1..] {
            crowd.join(target.line(member, 0, BUSY_BUFFER).await?.0);
        }
        let template = Template::new(&target.run, options.text_bytes);
        Ok(Self { crowd, speaker, template, room })
    }

    /// Writes so many messages at once.
    async fn send(&mut self, messages: usize, written: Instant) -> Result<(), BenchError> {
        let mut frames = Vec::new();
        for _ in 0..messages {
            let number = self.crowd.expect(written);
            frames.extend_from_slice(self.template.address(&self.room, number));
        }
        let sent = self.speaker.send(frames).await;
        sent.map_err(|_| BenchError::Closed("the sender's connection is over".to_owned()))
    }

    /// Sends again and again, each time after the last delivery of the time before.
    async fn send_for(&mut self, time: Duration, messages: usize) -> Result<(), BenchError> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.send(messages, Instant::now()).await?;
            if !self.crowd.all_arrived().await? {
                break;
            }
        }
        Ok(())
    }

    async fn measure(
        &mut self,
        target: &Target,
        name: &str,
        time: Duration,
        messages: usize,
    ) -> Result<Phase, BenchError> {
        let (before, _) = (self.crowd.arrived(), self.crowd.take_latency());
        let meter = Meter::start(target);
        self.send_for(time, messages).await?;
        let count = self.crowd.arrived() - before;
        Ok(meter.end(name, "deliveries", count, self.crowd.take_latency()))
    }

    /// Sends at a steady pace. A message is late from the moment it was due, not from when it was written at last.
    async fn measure_paced(
        &mut self,
        target: &Target,
        time: Duration,
        messages_per_s: f64,
    ) -> Result<Phase, BenchError> {
        let (before, _) = (self.crowd.arrived(), self.crowd.take_latency());
        let meter = Meter::start(target);
        let start = Instant::now();
        let mut sent = 0_u64;
        while start.elapsed() < time {
            while start + Duration::from_secs_f64(sent as f64 / messages_per_s) <= Instant::now() {
                self.send(1, start + Duration::from_secs_f64(sent as f64 / messages_per_s)).await?;
                sent += 1;
            }
            sleep(PACE).await;
        }
        // What is lost is told by the verdict.
        self.crowd.all_arrived().await?;
        let count = self.crowd.arrived() - before;
        Ok(meter.end("half of that rate", "deliveries", count, self.crowd.take_latency()))
    }

    async fn judge(mut self, target: &Target) -> Result<Report, BenchError> {
        let mut report = Report::default();
        self.crowd.judge_deliveries(&mut report);
        if report.is_clean() {
            self.crowd.all_answered().await?;
        }
        self.crowd.judge_answers(target.head_of(&target.user(0), self.room).await?, &mut report);
        Ok(report)
    }
}
