//! `bongsu bench broadcast`: how long until the last of very many members has a message.

use std::time::Duration;

use anyhow::{Result, ensure};
use bongsu_load::bench::Outcome;
use bongsu_load::bench::broadcast::{BroadcastOptions, run};
use clap::Args;

use super::COLUMNS;
use super::deployment::Deployment;
use super::scenario::{self, Telling};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "One message to very many members, until the last of them has it",
    long_about = include_str!("help/broadcast.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Broadcast {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    telling: Telling,
    /// Members, all online; one of them sends.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    members: usize,
    /// Messages measured.
    #[arg(long, value_name = "N", default_value_t = 20)]
    messages: usize,
    /// Bytes of a text.
    #[arg(long, value_name = "N", default_value_t = 200)]
    bytes: usize,
    /// Seconds of messages before them, not measured.
    #[arg(long, value_name = "S", default_value_t = 2)]
    warm_up: u64,
}

impl Broadcast {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("broadcast", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        ensure!(self.members >= 2 && self.messages > 0, "at least two members and one message");
        let options = BroadcastOptions {
            members: self.members,
            messages: self.messages,
            text_bytes: self.bytes,
            warm_up: Duration::from_secs(self.warm_up),
        };
        scenario::run(&self.deployment, async |deployed| {
            let progress = Progress::of(options.members as u64, "members connected");
            let outcome = run(&deployed.target, &options, |members| progress.at(members)).await;
            progress.done();
            (deployed, outcome)
        })
    }
}
