//! `bongsu bench replay`: a real chat log, played by its authors through real connections.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use bongsu_import::{WholeRoom, irc};
use bongsu_load::replay::{LogMessage, LogRoom, ReplayOptions, Summary, replay};
use bongsu_types::{Clock, SystemClock};
use clap::Args;

use super::deployment::mint_token;
use super::own_server::OwnServer;
use crate::cli::Progress;
use crate::cli::output::show;
use crate::data_dir::DataDir;

/// Play IRC logs through real WebSocket clients and check every message: loss, duplicates, order, unread.
///
/// Each file is a room, its authors are the users; every author has a connection, every connected member checks every
/// record. Fails when anything was lost, doubled, out of order or miscounted. A server given by --url needs
/// `limits.group_members` of 1,000 and rate limits off (`limits.sends_per_s = 0`, `limits.creates_per_min = 0`).
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Files, or folders that are searched for *.raw.txt and *.ascii.txt.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A running server instead of one of its own.
    #[arg(long, value_name = "http://HOST:PORT", requires = "data")]
    url: Option<String>,
    /// Data directory of that server: its token secret and server key are read from there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
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
    pub(super) fn run(self) -> Result<()> {
        ensure!(self.connections > 0 && self.online > 0, "--connections and --online must be at least 1");
        let rooms = self.rooms()?;
        crate::cli::runtime()?.block_on(async {
            let summary = match (&self.url, &self.data) {
                (Some(url), Some(data)) => self.play(rooms, url, &DataDir::existing(data)?).await?,
                _ => {
                    let server = OwnServer::start().await?;
                    let summary = self.play(rooms, &server.url, &server.data).await;
                    server.stop().await?;
                    summary?
                }
            };
            show(&summary.to_string())?;
            if !summary.report.is_clean() {
                bail!("the server did not keep its promises (see above)");
            }
            Ok(())
        })
    }

    fn rooms(&self) -> Result<Vec<LogRoom>> {
        let files = irc::slice_files(&self.paths)?;
        ensure!(!files.is_empty(), "no *.raw.txt or *.ascii.txt in the folders named");
        files.iter().map(|file| Ok(log_room(irc::read_slice(file)?))).collect()
    }

    async fn play(&self, rooms: Vec<LogRoom>, url: &str, data: &DataDir) -> Result<Summary> {
        let messages = rooms.iter().map(|room| room.messages.len()).sum::<usize>();
        let progress = Progress::of(messages.min(self.messages.unwrap_or(usize::MAX)) as u64, "messages");
        progress.now_on("replaying");
        let options = ReplayOptions {
            run: format!("replay-{:x}", SystemClock.now_ms().get()),
            messages_max: self.messages,
            connections_max: self.connections,
            online_per_room: self.online,
            speed: self.speed,
            rate_max: self.rate,
            seed: self.seed,
            ..ReplayOptions::new(url, data.server_key()?, mint_token(data)?)
        };
        let summary =
            replay(rooms, options, |now| progress.at(now.messages)).await.context("the replay stopped")?;
        progress.done();
        Ok(summary)
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
