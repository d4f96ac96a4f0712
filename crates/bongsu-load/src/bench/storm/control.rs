//! Those who stay connected through a storm: a room that goes on talking, measured on a thread of its own.
//!
//! The clients of the storm keep their thread busy; here a delivery is read when it comes.

use std::time::Duration;

use bongsu_types::RoomKind;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::StormOptions;
use crate::bench::crowd::Crowd;
use crate::bench::line::BUSY_BUFFER;
use crate::bench::scan::RoomText;
use crate::bench::template::{Template, room_text};
use crate::bench::{BenchError, Histogram, Target};
use crate::report::Report;

/// Bytes of a text.
const TEXT_BYTES: usize = 40;

/// Orders on their way to the thread: one is given at a time.
const ORDERS: usize = 1;

/// The group's own thread.
pub(super) struct Control {
    orders: mpsc::Sender<oneshot::Sender<Histogram>>,
    thread: JoinHandle<Result<Report, BenchError>>,
}

impl Control {
    /// Opens the room and begins to talk.
    pub(super) async fn start(target: &Target, options: &StormOptions) -> Result<Self, BenchError> {
        let (orders, queue) = mpsc::channel(ORDERS);
        let (target, options) = (target.clone(), options.clone());
        let thread = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { Room::open(&target, &options).await?.talk(&target, queue).await })
        });
        Ok(Self { orders, thread })
    }

    /// How long deliveries took since this was asked last.
    pub(super) async fn take(&self) -> Result<Histogram, BenchError> {
        let gone = || BenchError::Closed("those who should have stayed connected are gone".to_owned());
        let (answer, latency) = oneshot::channel();
        self.orders.send(answer).await.map_err(|_| gone())?;
        latency.await.map_err(|_| gone())
    }

    /// Ends the talk: what was wrong with it.
    pub(super) async fn end(self) -> Result<Report, BenchError> {
        drop(self.orders);
        self.thread.await?
    }
}

struct Room {
    id: RoomText,
    crowd: Crowd,
    speaker: mpsc::Sender<Vec<u8>>,
    template: Template,
    first_user: usize,
    every: Duration,
}

impl Room {
    /// Its members are further users of the run: those after the ones that are cut.
    async fn open(target: &Target, options: &StormOptions) -> Result<Self, BenchError> {
        let first_user = options.clients;
        let members: Vec<_> =
            (0..options.control_members).map(|number| target.user(first_user + number)).collect();
        let created = target.create(RoomKind::Group, vec![members.clone()], |_| {}).await?;
        let id = created.first().map(|room| room_text(*room)).ok_or(BenchError::Stalled("the room"))?;
        let (line, _) = target.line(&members[0], 0, BUSY_BUFFER).await?;
        let mut crowd = Crowd::of(id, target.head_of(&members[0], id).await?);
        let speaker = crowd.join_speaker(line);
        for member in &members[1..] {
            crowd.join(target.line(member, 0, BUSY_BUFFER).await?.0);
        }
        let template = Template::new(&format!("{}-c", target.run), TEXT_BYTES);
        let every = Duration::from_secs_f64(1.0 / options.control_per_s);
        Ok(Self { id, crowd, speaker, template, first_user, every })
    }

    /// Writes at a steady pace whatever happens, until nobody asks any more.
    async fn talk(
        mut self,
        target: &Target,
        mut orders: mpsc::Receiver<oneshot::Sender<Histogram>>,
    ) -> Result<Report, BenchError> {
        let mut due = Instant::now();
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    // Who asked may have given up.
                    Some(answer) => drop(answer.send(self.crowd.take_latency())),
                    None => break,
                },
                () = sleep_until(due) => {
                    // A message is late from when it was due, not from when it was written at last.
                    let number = self.crowd.expect(due);
                    let frame = self.template.address(&self.id, number).to_vec();
                    let sent = self.speaker.send(frame).await;
                    sent.map_err(|_| BenchError::Closed("one who should have stayed connected".to_owned()))?;
                    due += self.every;
                }
            }
        }
        let mut report = Report::default();
        self.crowd.all_arrived().await?;
        self.crowd.judge_deliveries(&mut report);
        if report.is_clean() {
            self.crowd.all_answered().await?;
        }
        let head = target.head_of(&target.user(self.first_user), self.id).await?;
        self.crowd.judge_answers(head, &mut report);
        Ok(report)
    }
}
