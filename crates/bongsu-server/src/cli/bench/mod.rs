//! `bongsu bench`: measures a deployment, and checks that nothing was lost while it was measured.

mod broadcast;
#[cfg(feature = "bench-cache")]
mod cache;
mod deployment;
mod descriptors;
mod fanout;
mod idle;
mod limit;
mod list;
mod origin;
mod own_server;
mod print;
mod replay;
mod resume;
mod runs;
mod scenario;
mod send;
mod stolen;
mod storm;

use anyhow::Result;
use clap::{Args, Subcommand};

/// What the columns of every table mean, at the end of each `--help`.
const COLUMNS: &str = include_str!("help/columns.txt");

#[derive(Debug, Args)]
#[command(
    about = "Measure a deployment and check what it promises while measuring",
    long_about = include_str!("help/bench.txt")
)]
pub(crate) struct Bench {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    Limit(limit::Limit),
    LimitWriter(limit::LimitWriter),
    Send(send::Send),
    Fanout(fanout::Fanout),
    List(list::List),
    Broadcast(broadcast::Broadcast),
    Resume(resume::Resume),
    Idle(idle::Idle),
    Storm(storm::Storm),
    Replay(replay::Replay),
    #[cfg(feature = "bench-cache")]
    Cache(cache::Cache),
}

impl Bench {
    pub(super) fn run(self) -> Result<()> {
        match self.scenario {
            Scenario::Limit(limit) => limit.run(),
            Scenario::LimitWriter(writer) => writer.run(),
            Scenario::Send(send) => send.run(),
            Scenario::Fanout(fanout) => fanout.run(),
            Scenario::List(list) => list.run(),
            Scenario::Broadcast(broadcast) => broadcast.run(),
            Scenario::Resume(resume) => resume.run(),
            Scenario::Idle(idle) => idle.run(),
            Scenario::Storm(storm) => storm.run(),
            Scenario::Replay(replay) => replay.run(),
            #[cfg(feature = "bench-cache")]
            Scenario::Cache(cache) => cache.run(),
        }
    }
}
