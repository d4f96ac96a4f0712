//! The Valkey of the scenario: one that was named, or one of its own; and what it says of its traffic.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The programs, the preferred one first, and the variable that says where it is if it is not on the PATH.
const PROGRAMS: [(&str, &str); 2] =
    [("valkey-server", "BONGSU_VALKEY_SERVER"), ("redis-server", "BONGSU_REDIS_SERVER")];

const READY_WITHIN: Duration = Duration::from_secs(10);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// A server; one of our own ends with this value.
#[derive(Debug)]
pub(super) struct ValkeyServer {
    /// `HOST:PORT`.
    pub(super) address: String,
    _own: Option<(Child, TempDir)>,
}

/// What the server has done since it started.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) commands: u64,
    /// Both ways.
    pub(super) bytes: u64,
}

impl ValkeyServer {
    pub(super) async fn open(url: Option<&str>) -> Result<Self> {
        let Some(url) = url else { return Self::start().await };
        let address = url.strip_prefix("redis://").unwrap_or(url).trim_end_matches('/');
        let server = Self { address: address.to_owned(), _own: None };
        server.traffic().await.with_context(|| format!("no Valkey answers at {address}"))?;
        Ok(server)
    }

    async fn start() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("bongsu-bench-cache-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        for (program, variable) in PROGRAMS {
            let path = std::env::var_os(variable).unwrap_or_else(|| program.into());
            let process = Command::new(path)
                .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
                .arg(port.to_string())
                .current_dir(directory.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn();
            let Ok(process) = process else { continue };
            let server = Self { address: format!("127.0.0.1:{port}"), _own: Some((process, directory)) };
            let ready = async {
                while server.traffic().await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            timeout(READY_WITHIN, ready).await.with_context(|| format!("{program} did not get ready"))?;
            return Ok(server);
        }
        bail!("neither valkey-server nor redis-server is on the PATH: name a server with --valkey")
    }

    /// By its INFO.
    pub(super) async fn traffic(&self) -> Result<Traffic> {
        timeout(ANSWERS_WITHIN, self.info()).await.context("no answer to INFO")?
    }

    async fn info(&self) -> Result<Traffic> {
        let mut stream = BufReader::new(TcpStream::connect(&self.address).await?);
        stream.write_all(b"INFO stats\r\nQUIT\r\n").await?;
        let (mut commands, mut bytes) = (None, 0);
        let mut lines = stream.lines();
        while let Some(line) = lines.next_line().await? {
            match line.split_once(':') {
                Some(("total_commands_processed", count)) => commands = Some(count.trim().parse()?),
                Some(("total_net_input_bytes" | "total_net_output_bytes", count)) => {
                    bytes += count.trim().parse::<u64>()?;
                }
                _ => {}
            }
        }
        Ok(Traffic { commands: commands.context("INFO says nothing of commands")?, bytes })
    }
}

impl Traffic {
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self { commands: self.commands - earlier.commands, bytes: self.bytes - earlier.bytes }
    }
}
