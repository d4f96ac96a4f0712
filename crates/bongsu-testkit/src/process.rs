//! The real binary as a child process: started, killed, stopped and started again on the same data.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use bongsu_testbed::within;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio_util::task::AbortOnDropHandle;

use crate::access::Access;

/// Bytes of the server's log kept for a failing test.
const LOG_BYTES_KEPT: usize = 64 * 1024;

/// How a server is started: the binary, its data, and what differs from the defaults.
#[derive(Debug, Clone)]
pub struct Binary {
    path: PathBuf,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// What a command of the binary said.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
}

impl Binary {
    /// The binary at `path`, in a test of the server crate `env!("CARGO_BIN_EXE_bongsu")`.
    #[must_use]
    pub fn at(path: &str) -> Self {
        Self { path: path.into(), environment: Vec::new(), arguments: Vec::new() }
    }

    /// Sets an environment variable of the server, for example a limit.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds an argument to `serve`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts a server on a new empty directory.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn serve(&self) -> ServerProcess {
        let own = TempDir::new().expect("a temporary directory");
        let data = own.path().join("data");
        let mut server = self.serve_on(&data).await;
        server.own_directory = Some(own);
        server
    }

    /// Starts a server on `data`.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn serve_on(&self, data: &Path) -> ServerProcess {
        let running = Running::start(self, data).await;
        ServerProcess { binary: self.clone(), data: data.to_owned(), running, own_directory: None }
    }

    /// Runs another command of the binary to its end, for example `check --data DIR`.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn run<I: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Said {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::null());
        let output = within("a command of the binary to end", command.output()).await;
        let output = output.expect("the binary runs");
        Said {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The command with this binary's environment; what the caller's own environment says of Bongsu is left out.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BONGSU_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).kill_on_drop(true);
        command
    }
}

/// A server in a process of its own. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    binary: Binary,
    data: PathBuf,
    running: Running,
    own_directory: Option<TempDir>,
}

impl ServerProcess {
    /// `http://HOST:PORT` of this run; a restart has another port.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.running.url
    }

    /// The way in.
    #[must_use]
    pub fn access(&self) -> Access {
        Access::of_data_dir(&self.running.url, &self.data)
    }

    /// `http://HOST:PORT` of its metrics, which only its log tells; the log level must be info.
    ///
    /// # Panics
    /// When the log does not tell it.
    pub async fn metrics_url(&self) -> String {
        within("the log to name the address of the metrics", async {
            loop {
                let log = self.log();
                if let Some((_, after)) = log.split_once("metrics=") {
                    let address = after.split_whitespace().next().unwrap_or_default();
                    return format!("http://{address}");
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The binary it was started from.
    #[must_use]
    pub fn binary(&self) -> &Binary {
        &self.binary
    }

    /// What it logged lately.
    #[must_use]
    pub fn log(&self) -> String {
        self.running.log.read()
    }

    /// A development token of this user.
    ///
    /// # Panics
    /// When the command fails.
    pub async fn token(&self, user: &str) -> String {
        self.secret(["--user", user].as_slice()).await
    }

    /// The server key of the data directory.
    ///
    /// # Panics
    /// When the command fails.
    pub async fn server_key(&self) -> String {
        self.secret(["--server"].as_slice()).await
    }

    async fn secret(&self, which: &[&str]) -> String {
        let data = self.data.to_string_lossy().into_owned();
        let said = self.binary.run(["token", "--data", data.as_str()].iter().chain(which)).await;
        assert!(said.status.success(), "bongsu token failed: {}", said.stderr);
        said.stdout.trim().to_owned()
    }

    /// Runs `bongsu check` on the data, which needs the server stopped.
    ///
    /// # Panics
    /// When it finds a fault.
    pub async fn assert_check_clean(&self) {
        let data = self.data.to_string_lossy().into_owned();
        let said = self.binary.run(["check", "--data", data.as_str()]).await;
        assert!(said.status.success(), "bongsu check found faults:\n{}\n{}", said.stdout, said.stderr);
    }

    /// kill -9: nothing is written or said any more.
    ///
    /// # Panics
    /// When the process cannot be killed.
    pub async fn kill9(&mut self) {
        within("the killed server to be gone", self.running.child.kill()).await.expect("kill -9");
    }

    /// SIGTERM, then waits for the graceful end.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.terminate().await;
        self.ended().await
    }

    /// SIGTERM; the process drains and ends on its own.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub async fn terminate(&self) {
        let Some(pid) = self.running.child.id() else { return };
        let status = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        assert!(status.is_ok_and(|status| status.success()), "cannot send SIGTERM to {pid}");
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) -> ExitStatus {
        within("the server to end", self.running.child.wait()).await.expect("a child that was not waited for")
    }

    /// Whether the process runs.
    ///
    /// # Panics
    /// When the operating system does not say.
    pub fn is_running(&mut self) -> bool {
        self.running.child.try_wait().expect("the state of a child").is_none()
    }

    /// Starts it again on the same data. It must have ended.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn restart(&mut self) {
        assert!(!self.is_running(), "restart a server that has ended");
        self.running = Running::start(&self.binary, &self.data).await;
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    url: String,
    log: Log,
    _readers: [AbortOnDropHandle<()>; 2],
}

impl Running {
    async fn start(binary: &Binary, data: &Path) -> Self {
        let mut command = binary.command();
        command.arg("serve").arg("--data").arg(data);
        command.args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]).args(&binary.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let log = Log::default();
        let stderr = child.stderr.take().expect("stderr is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr_reader = tokio::spawn(keep_lines(stderr, log.clone()));
        let mut lines = BufReader::new(stdout).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) = line.strip_prefix("bongsu ready ") {
                    return Some(url.trim().to_owned());
                }
            }
            None
        };
        let Some(url) = within("the line `bongsu ready` of the server", ready).await else {
            let status = within("the failed server to end", child.wait()).await;
            panic!("the server ended before it was ready ({status:?}):\n{}", log.read());
        };
        // Its stdout is read on, or a server that says more would block.
        let stdout_reader = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let readers = [AbortOnDropHandle::new(stderr_reader), AbortOnDropHandle::new(stdout_reader)];
        Self { child, url, log, _readers: readers }
    }
}

/// The last lines a server logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn read(&self) -> String {
        self.0.lock().expect("no reader panics").clone()
    }

    fn add(&self, line: &str) {
        let mut log = self.0.lock().expect("no reader panics");
        writeln!(log, "{line}").expect("writing to a string");
        if log.len() > 2 * LOG_BYTES_KEPT {
            let cut = log.len() - LOG_BYTES_KEPT;
            let at = (cut..log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(log.len());
            log.drain(..at);
        }
    }
}

async fn keep_lines(from: impl AsyncRead + Unpin, log: Log) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.add(&line);
    }
}
