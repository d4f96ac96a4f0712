//! `bongsu bench replay`: a real chat log, played by its authors through real connections.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use bongsu_import::{WholeRoom, irc};
use bongsu_load::bench::Outcome;
use bongsu_load::bench::replay::run;
use bongsu_load::replay::{LogMessage, LogRoom, ReplayOptions};
use clap::Args;

use super::COLUMNS;
use super::deployment::{Deployed, Deployment};
use super::scenario::{self, Telling};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "Real chat logs, played by their authors through real connections",
    long_about = include_str!("help/replay.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Replay {
    /// Files, or folders that are searched for *.raw.txt and *.ascii.txt.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    telling: Telling,
    /// Messages played at most.
    #[arg(long, value_name = "N")]
    messages: Option<usize>,
    /// Connections open at once.
    #[arg(long, value_name = "N", default_value_t = 800)]
    connections: usize,
    /// Members of one room online at once.
    #[arg(long, value_name = "N", default_value_t = 50)]
    online: usize,
    /// Times faster than the log's own time; without it as fast as it goes.
    #[arg(long, value_name = "X")]
    speed: Option<f64>,
    /// Messages per second at most, over all rooms.
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Decides who reads when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Replay {
    pub(super) fn run(&self) -> Result<()> {
        ensure!(self.connections > 0 && self.online > 0, "--connections and --online must be at least 1");
        self.telling.tell("replay", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let rooms = self.rooms()?;
        // Every member checks every text: more work than one thread of load can always do.
        scenario::run_on(&crate::cli::runtime()?, &self.deployment, async |deployed| {
            let messages = rooms.iter().map(|room| room.messages.len()).sum::<usize>();
            let progress = Progress::of(messages.min(self.messages.unwrap_or(usize::MAX)) as u64, "messages");
            progress.now_on("replaying");
            let options = self.options(&deployed);
            let outcome = run(&deployed.target, rooms, options, |messages| progress.at(messages)).await;
            progress.done();
            (deployed, outcome)
        })
    }

    fn rooms(&self) -> Result<Vec<LogRoom>> {
        let files = irc::slice_files(&self.paths)?;
        ensure!(!files.is_empty(), "no *.raw.txt or *.ascii.txt in the folders named");
        files.iter().map(|file| Ok(log_room(irc::read_slice(file)?))).collect()
    }

    fn options(&self, deployed: &Deployed) -> ReplayOptions {
        let target = &deployed.target;
        let url = format!("http://{}", target.endpoint.authority());
        ReplayOptions {
            run: target.run.clone(),
            messages_max: self.messages,
            connections_max: self.connections,
            online_per_room: self.online,
            speed: self.speed,
            rate_max: self.rate,
            seed: self.seed,
            ..ReplayOptions::new(url, target.server_key.clone(), target.mint_token.clone())
        }
    }
}

fn log_room(room: WholeRoom) -> LogRoom {
    let messages = room
        .messages
        .into_iter()
        .map(|message| LogMessage { author: message.sender, at_ms: message.at_ms.get(), text: message.text })
        .collect();
    let name = room.details.map(|details| details.name).unwrap_or_default();
    LogRoom { key: room.key, name, messages }
}
