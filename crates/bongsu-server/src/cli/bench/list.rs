//! `bongsu bench list`: how long the chat list takes, and on what that depends.

use anyhow::Result;
use bongsu_load::bench::Outcome;
use bongsu_load::bench::list::{ListOptions, run};
use clap::Args;

use super::deployment::Deployment;
use super::scenario::{self, Telling, Times};
use crate::cli::Progress;

/// The first page of the chat list, for users in 10, 100 and 1,000 rooms.
///
/// One request at a time over one connection, a ping measured beside it. Checked: the rows and their unread counts
/// are those of the messages written, and no answer differs from the first while nothing is written.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    telling: Telling,
    /// Rooms with many messages; there are 1,000, the others hold one message each.
    #[arg(long, value_name = "N", default_value_t = 500)]
    rooms: usize,
    /// Members of a room.
    #[arg(long, value_name = "N", default_value_t = 100)]
    members: usize,
    /// Messages of each of those rooms.
    #[arg(long, value_name = "N", default_value_t = 150)]
    messages: u64,
    /// Rows of a page.
    #[arg(long, value_name = "N", default_value_t = 50)]
    rows: u32,
}

impl List {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("list", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let (measured, warm_up) = self.times.durations()?;
        let options = ListOptions {
            busy_rooms: self.rooms,
            members: self.members,
            messages: self.messages,
            rows: self.rows,
            warm_up,
            measured,
        };
        scenario::run(&self.deployment, async |deployed| {
            let progress = Progress::of(options.messages_total(), "messages");
            progress.now_on("preparing");
            let outcome = run(&deployed.target, &options, |messages| progress.at(messages)).await;
            progress.done();
            (deployed, outcome)
        })
    }
}
