//! `bongsu bench limit`: what the machine itself can do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bongsu_load::bench::Outcome;
use bongsu_load::bench::limit::{FRAME_BYTES_MIN, LimitOptions, Machine, Scope, write_frames};
use clap::Args;
use tokio::process::Command;

use super::COLUMNS;
use super::scenario::{self, Telling, Times};
use crate::cli::Progress;

/// The longest frame whose header is that of a delivery, bytes.
const FRAME_BYTES_MAX: usize = 60_000;

#[derive(Debug, Args)]
#[command(
    about = "What the machine can do: socket writes, loopback round trips, fdatasync",
    long_about = include_str!("help/limit.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Limit {
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    telling: Telling,
    /// Sockets written to.
    #[arg(long, value_name = "N", default_value_t = 100)]
    sockets: usize,
    /// Bytes of a frame: the default is a delivery of a text of 200 bytes.
    #[arg(long, value_name = "N", default_value_t = 430)]
    frame_bytes: usize,
    /// Where fdatasync is measured: the disk of the store.
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    directory: PathBuf,
}

impl Limit {
    pub(super) fn run(&self) -> Result<()> {
        let (measured, _) = self.times.durations()?;
        let options = LimitOptions {
            sockets: self.sockets,
            frame_bytes: self.frame_bytes,
            measured,
            scope: Scope::All,
            directory: self.directory.clone(),
        };
        self.telling.tell("limit", || scenario::runtime()?.block_on(measure(&options)))
    }
}

/// Starts the writer and measures.
pub(super) async fn measure(options: &LimitOptions) -> Result<Outcome> {
    ensure!(
        (FRAME_BYTES_MIN..=FRAME_BYTES_MAX).contains(&options.frame_bytes),
        "--frame-bytes must be {FRAME_BYTES_MIN} to {FRAME_BYTES_MAX}"
    );
    ensure!(options.sockets > 0, "--sockets must be at least 1");
    let machine = Machine::listen().await?;
    let mut writer = Command::new(std::env::current_exe()?)
        .args(["bench", "limit-writer"])
        .args([machine.address()?.to_string(), options.sockets.to_string(), options.frame_bytes.to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the writer")?;
    let progress = Progress::steps("limits of the machine");
    let outcome = machine
        .run(options, writer.id(), |phase| {
            progress.now_on(phase);
            progress.add(1);
        })
        .await?;
    progress.done();
    // The writer ends when its control connection does, which has just been dropped.
    writer.wait().await.context("the writer did not end")?;
    Ok(outcome)
}

/// The process that writes for `limit`.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(super) struct LimitWriter {
    to: SocketAddr,
    sockets: usize,
    frame_bytes: usize,
}

impl LimitWriter {
    pub(super) fn run(self) -> Result<()> {
        write_frames(self.to, self.sockets, self.frame_bytes).context("the writer stopped")
    }
}
