//! `bongsu bench resume`: how long a device that was away needs to have everything again.

use anyhow::Result;
use bongsu_load::bench::Outcome;
use bongsu_load::bench::resume::{ResumeOptions, run};
use clap::Args;

use super::COLUMNS;
use super::deployment::Deployment;
use super::scenario::{self, Telling};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "A device that was away comes back, until it has every message it missed",
    long_about = include_str!("help/resume.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Resume {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    telling: Telling,
    /// Rooms of the device's user.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    rooms: usize,
    /// Messages missed each time, over all rooms in turn.
    #[arg(long, value_name = "N", default_value_t = 200)]
    missed: usize,
    /// Times it comes back.
    #[arg(long, value_name = "N", default_value_t = 100)]
    times: usize,
    /// Times before them, not measured.
    #[arg(long, value_name = "N", default_value_t = 10)]
    warm_up: usize,
}

impl Resume {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("resume", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let Self { rooms, missed, times, warm_up, .. } = *self;
        let options = ResumeOptions { rooms, missed, times, warm_up };
        scenario::run(&self.deployment, async |deployed| {
            let progress = Progress::of((times + warm_up) as u64, "resumes");
            let outcome = run(&deployed.target, &options, |times| progress.at(times)).await;
            progress.done();
            (deployed, outcome)
        })
    }
}
