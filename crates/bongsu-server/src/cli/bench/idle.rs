//! `bongsu bench idle`: what a session costs that only waits.

use anyhow::Result;
use bongsu_load::bench::Outcome;
use bongsu_load::bench::idle::{IdleOptions, Progress as Step, prepare, run};
use clap::Args;

use super::COLUMNS;
use super::deployment::Deployment;
use super::descriptors;
use super::scenario::{self, Telling};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "Sessions that are online and do nothing: memory and CPU of the server",
    long_about = include_str!("help/idle.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Idle {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    telling: Telling,
    /// Sessions, each of its own user.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    sessions: usize,
    /// Rooms of each user.
    #[arg(long, value_name = "N", default_value_t = 10)]
    rooms: usize,
    /// Members of a room.
    #[arg(long, value_name = "N", default_value_t = 100)]
    members: usize,
    /// Seconds they are idle.
    #[arg(long, value_name = "S", default_value_t = 60.0)]
    seconds: f64,
}

impl Idle {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("idle", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let options = IdleOptions {
            sessions: self.sessions,
            rooms_each: self.rooms,
            members: self.members,
            measured: scenario::time("--seconds", self.seconds)?,
        };
        descriptors::allow(options.sessions)?;
        scenario::run(&self.deployment, async |mut deployed| {
            let rooms =
                options.sessions * options.rooms_each / options.members.clamp(1, options.sessions.max(1));
            let made = Progress::of(rooms as u64, "rooms");
            made.now_on("preparing");
            let opened = Progress::of(options.sessions as u64, "sessions");
            let waited = Progress::of(options.measured.as_secs(), "seconds idle");
            let on_step = |step| match step {
                Step::Rooms(count) => made.at(count),
                Step::Sessions(count) => opened.at(count),
                Step::Idle(elapsed) => waited.at(elapsed.as_secs()),
            };
            let outcome = async {
                let people = prepare(&deployed.target, &options, on_step).await?;
                made.done();
                deployed.restart(async |_| Ok(())).await?;
                run(&deployed.target, &people, &options, on_step).await.map_err(anyhow::Error::from)
            }
            .await;
            opened.done();
            waited.done();
            (deployed, outcome)
        })
    }
}
