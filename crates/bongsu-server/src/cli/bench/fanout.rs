//! `bongsu bench fanout`: how fast a message reaches everybody who is online.

use std::time::Duration;

use anyhow::Result;
use bongsu_load::bench::fanout::{FanoutOptions, UNLOADED, run};
use bongsu_load::bench::limit::{
    FRAME_BYTES_MIN, IN_DURABLE_ROUNDS, IN_ROUNDS, LimitOptions, ONE_A_WRITE, Scope,
};
use bongsu_load::bench::{Outcome, Phase};
use clap::Args;

use super::COLUMNS;
use super::deployment::Deployment;
use super::limit::measure;
use super::scenario::{self, Telling, Times};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "Deliveries: one sender into a room whose members are all online",
    long_about = include_str!("help/fanout.txt"),
    after_long_help = COLUMNS,
    mut_arg("seconds", |seconds| seconds.default_value("5")),
    mut_arg("warm_up", |warm_up| warm_up.default_value("1"))
)]
pub(super) struct Fanout {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    telling: Telling,
    /// Members, all online; one of them sends.
    #[arg(long, value_name = "N", default_value_t = 100)]
    members: usize,
    /// Messages of a burst.
    #[arg(long, value_name = "N", default_value_t = 64)]
    burst: usize,
    /// Bytes of a text.
    #[arg(long, value_name = "N", default_value_t = 200)]
    bytes: usize,
}

impl Fanout {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("fanout", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let (measured, warm_up) = self.times.durations()?;
        let options = FanoutOptions {
            members: self.members,
            burst: self.burst,
            text_bytes: self.bytes,
            warm_up,
            measured,
        };
        let mut delivery_bytes = FRAME_BYTES_MIN;
        let mut outcome = scenario::run(&self.deployment, async |deployed| {
            let progress = Progress::steps("fan-out");
            let fanout = run(&deployed.target, &options, |phase| {
                progress.now_on(phase);
                progress.add(1);
            })
            .await;
            progress.done();
            let outcome = fanout.map(|fanout| {
                delivery_bytes = fanout.delivery_bytes;
                fanout.outcome
            });
            (deployed, outcome)
        })?;
        compare(&mut outcome, self.limit(delivery_bytes, measured)?);
        Ok(outcome)
    }

    /// What the machine can do with frames of this length.
    fn limit(&self, delivery_bytes: usize, measured: Duration) -> Result<Outcome> {
        let options = LimitOptions {
            sockets: self.members,
            frame_bytes: delivery_bytes.max(FRAME_BYTES_MIN),
            measured: measured / 2,
            scope: Scope::FanOut,
            directory: std::env::temp_dir(),
        };
        scenario::runtime()?.block_on(measure(&options))
    }
}

/// Puts the machine's limits beside the figures.
fn compare(outcome: &mut Outcome, limit: Outcome) {
    let rate = |phases: &[Phase], name| phases.iter().find(|phase| phase.name == name).map(Phase::rate);
    let unloaded = rate(&outcome.phases, UNLOADED);
    for name in [ONE_A_WRITE, IN_ROUNDS, IN_DURABLE_ROUNDS] {
        if let (Some(unloaded), Some(limit)) = (unloaded, rate(&limit.phases, name)) {
            outcome.figures.push((format!("unloaded / {name}"), unloaded / limit));
        }
    }
    outcome.phases.extend(limit.phases);
    // The machine's frames are not the server's deliveries: only their faults are kept.
    if !limit.report.is_clean() {
        outcome.report.merge(limit.report);
    }
}
