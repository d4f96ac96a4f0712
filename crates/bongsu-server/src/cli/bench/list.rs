//! `bongsu bench list`: how long the chat list takes, on what that depends, and what the naive way would take.

mod naive;

use anyhow::Result;
use bongsu_load::bench::Outcome;
use bongsu_load::bench::list::{ListOptions, Lists};
use clap::Args;

use super::COLUMNS;
use super::deployment::{Deployed, Deployment};
use super::scenario::{self, Telling, time};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "The chat list of users in 10, 100 and 1,000 rooms, beside the naive way on the same store",
    long_about = include_str!("help/list.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct List {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    telling: Telling,
    /// Seconds measured, for each phase.
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    seconds: f64,
    /// Seconds before that, not measured.
    #[arg(long, value_name = "S", default_value_t = 0.5)]
    warm_up: f64,
    /// Rooms with many messages; there are 1,000, the others hold one message each.
    #[arg(long, value_name = "N", default_value_t = 500)]
    rooms: usize,
    /// Members of a room.
    #[arg(long, value_name = "N", default_value_t = 100)]
    members: usize,
    /// Messages of each of those rooms; measured at each of these numbers.
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_values_t = [15, 150])]
    messages: Vec<u64>,
    /// Rows of a page.
    #[arg(long, value_name = "N", default_value_t = 50)]
    rows: u32,
}

impl List {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("list", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let options = ListOptions {
            busy_rooms: self.rooms,
            members: self.members,
            messages: self.messages.clone(),
            rows: self.rows,
            warm_up: time("--warm-up", self.warm_up)?,
            measured: time("--seconds", self.seconds)?,
        };
        scenario::run(&self.deployment, async |mut deployed| {
            let outcome = measure(&mut deployed, &options).await;
            (deployed, outcome)
        })
    }
}

/// At each number of messages: the lists over the wire, then, while the server is stopped, those of its service and
/// the naive ones on its store.
async fn measure(deployed: &mut Deployed, options: &ListOptions) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut lists = Lists::prepare(&deployed.target, options).await?;
    let mut compared = Vec::new();
    for messages in &options.messages {
        let total = options.total(*messages);
        let progress = Progress::of(total, "messages");
        progress.now_on("preparing");
        lists.fill(&deployed.target, options, *messages, |messages| progress.at(messages)).await?;
        progress.done();
        let measuring = Progress::steps("measuring lists");
        lists.measure(&deployed.target, options, &mut outcome).await?;
        let readers = Lists::readers(&deployed.target);
        let here = deployed
            .restart(async |data| naive::compare(data, &readers, total, options, &mut outcome).await)
            .await?;
        measuring.done();
        match here {
            Some(medians) => compared.push((total, medians)),
            None => eprintln!("the store of a running server cannot be opened here: no naive way beside it"),
        }
    }
    if let [(few, before), .., (many, after)] = compared.as_slice() {
        for (before, after) in before.iter().zip(after) {
            let name = format!("{} rooms: server time at {many} messages / at {few}", before.rooms);
            let ratio = after.list.as_secs_f64() / before.list.as_secs_f64();
            outcome.figures.push((name, ratio));
        }
    }
    Ok(outcome)
}
