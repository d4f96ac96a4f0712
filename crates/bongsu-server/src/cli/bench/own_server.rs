//! A server of the benchmark's own: another process of the same binary, on a directory that goes with it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::cli::import::GROUP_MEMBERS;
use crate::data_dir::DataDir;

/// Opening an empty store takes milliseconds; a machine under load takes longer.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How long it may take to stop; then it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// A server that lives as long as this value.
pub(super) struct OwnServer {
    process: Child,
    /// `http://HOST:PORT`.
    pub(super) url: String,
    /// Its data directory.
    pub(super) data: DataDir,
    directory: TempDir,
}

impl OwnServer {
    /// Starts one, rate limits off and groups up to 1,000.
    pub(super) async fn start() -> Result<Self> {
        Self::start_on(tempfile::Builder::new().prefix("bongsu-bench-").tempdir()?).await
    }

    async fn start_on(directory: TempDir) -> Result<Self> {
        let data = DataDir::create(directory.path())?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data"])
            .arg(directory.path())
            .env("BONGSU_LIMITS__SENDS_PER_S", "0")
            .env("BONGSU_LIMITS__CREATES_PER_MIN", "0")
            .env("BONGSU_LIMITS__GROUP_MEMBERS", GROUP_MEMBERS.to_string())
            .env("BONGSU_LOG__LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a server")?;
        let stdout = process.stdout.take().context("the server has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let first =
            timeout(READY_WITHIN, lines.next_line()).await.context("the server did not get ready")??;
        let Some(url) = first.as_deref().and_then(|line| line.strip_prefix("bongsu ready ")) else {
            bail!("the server ended before it was ready (its words are above)");
        };
        Ok(Self { url: url.to_owned(), process, data, directory })
    }

    /// Its process id, while it runs.
    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Stops it, does something with its data, and starts it anew.
    pub(super) async fn restart<T>(
        self,
        meanwhile: impl AsyncFnOnce(&DataDir) -> Result<T>,
    ) -> Result<(Self, T)> {
        // Dropped in the reverse order when the run is told to end meanwhile: the server before its directory.
        let Self { directory, data, mut process, .. } = self;
        stop(&mut process).await?;
        let done = meanwhile(&data).await?;
        Ok((Self::start_on(directory).await?, done))
    }

    /// Stops it; its directory goes.
    pub(super) async fn stop(mut self) -> Result<()> {
        stop(&mut self.process).await
    }
}

/// Stops a server as an operator would.
async fn stop(process: &mut Child) -> Result<()> {
    if let Some(id) = process.id() {
        let told = Command::new("kill").arg(id.to_string()).status().await.context("kill")?;
        if told.success() && timeout(STOP_WITHIN, process.wait()).await.is_ok() {
            return Ok(());
        }
    }
    process.kill().await.context("cannot stop the server")
}
