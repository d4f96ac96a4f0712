//! `bongsu bench`: measures a deployment, and checks that nothing was lost while it was measured.

mod own_server;
mod replay;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Measure a deployment and check what it promises while measuring.
///
/// Without --url it starts a server of its own, as a separate process on a temporary directory, with rate limits off.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    Replay(replay::Replay),
}

impl Bench {
    pub(super) fn run(self) -> Result<()> {
        match self.scenario {
            Scenario::Replay(replay) => replay.run(),
        }
    }
}
