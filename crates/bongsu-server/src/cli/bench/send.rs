//! `bongsu bench send`: how many durable sends a second, and how long each takes.

use anyhow::Result;
use bongsu_load::bench::Outcome;
use bongsu_load::bench::send::{Progress as Step, SendOptions, run};
use clap::Args;

use super::COLUMNS;
use super::deployment::Deployment;
use super::scenario::{self, Telling, Times};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "Durable sends: how many a second, and how long each takes",
    long_about = include_str!("help/send.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Send {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    telling: Telling,
    /// Connections.
    #[arg(long, value_name = "N", default_value_t = 100)]
    connections: usize,
    /// Sends in flight on each.
    #[arg(long, value_name = "N", default_value_t = 5)]
    in_flight: usize,
    /// Rooms over all, at most 200 for each connection.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    rooms: usize,
    /// Bytes of a text.
    #[arg(long, value_name = "N", default_value_t = 200)]
    bytes: usize,
}

impl Send {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("send", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let (measured, warm_up) = self.times.durations()?;
        let options = SendOptions {
            connections: self.connections,
            in_flight: self.in_flight,
            rooms: self.rooms,
            text_bytes: self.bytes,
            warm_up,
            measured,
        };
        scenario::run(&self.deployment, async |deployed| {
            let rooms = Progress::of(options.rooms as u64, "rooms");
            rooms.now_on("preparing");
            let sends = Progress::steps("sends answered");
            let outcome = run(&deployed.target, &options, |step| match step {
                Step::Rooms(count) => rooms.at(count),
                Step::Sends(count) => {
                    rooms.done();
                    sends.at(count);
                }
            })
            .await;
            sends.done();
            (deployed, outcome)
        })
    }
}
