//! A single Valkey or Redis in a process of its own, and the faults a test can give it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisResult};

use crate::directory::Directory;
use crate::engine::Engine;
use crate::port::Port;
use crate::process::{Condition, Goodbye, Process};
use crate::spawner::{dying_with_us, logging_to};
use crate::wait::{until, within};

/// A server that does not answer the test bed's own commands for this long is broken; a busy machine takes less.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Somebody else may take a free port first; twice in a row is already hard to believe.
const PORT_CLASHES_MAX: u32 = 5;

/// A server on a port of 127.0.0.1. Dropping it kills it and removes its directory.
///
/// It persists nothing unless told to: start it with `("appendonly", "yes")` to find its data again after
/// [`Server::kill`] and [`Server::restart`].
#[derive(Debug)]
pub struct Server {
    // Fields are dropped in this order: the process ends before its directory goes.
    process: Process,
    engine: Engine,
    port: Port,
    bus_port: Option<Port>,
    settings: Vec<(String, String)>,
    directory: Directory,
}

impl Server {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    /// When the engine is not installed, or does not come up.
    pub async fn start(engine: Engine) -> Server {
        Self::start_with(engine, &[]).await
    }

    /// Starts a server with settings of its configuration file, for example `("maxmemory", "10mb")`.
    ///
    /// # Panics
    /// When the engine is not installed, or does not come up.
    pub async fn start_with(engine: Engine, settings: &[(&str, &str)]) -> Server {
        Self::start_node(engine, settings, Bus::None).await
    }

    pub(crate) async fn start_node(engine: Engine, settings: &[(&str, &str)], bus: Bus) -> Server {
        for _ in 0..PORT_CLASHES_MAX {
            let bus_port = (bus == Bus::Cluster).then(Port::reserve);
            if let Some(server) = Self::start_on(engine, settings, Port::reserve(), bus_port).await {
                return server;
            }
        }
        panic!("{engine}: {PORT_CLASHES_MAX} free ports in a row were taken before it could listen");
    }

    /// `None` when somebody took the port first.
    async fn start_on(
        engine: Engine,
        settings: &[(&str, &str)],
        port: Port,
        bus_port: Option<Port>,
    ) -> Option<Server> {
        let directory = Directory::create();
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let command = command(engine, &port, bus_port.as_ref(), &settings, directory.path());
        let process = Process::start(command, Goodbye::Kill).expect("the server's program starts");
        let server = Server { process, engine, port, bus_port, settings, directory };
        match server.ready().await {
            Ok(()) => Some(server),
            Err(log) if log.contains("already in use") => None,
            Err(log) => panic!("{engine} ended before it was ready:\n{log}"),
        }
    }

    /// Waits until this very process answers. `Err` is its log, when it ended instead.
    async fn ready(&self) -> Result<(), String> {
        let ours = format!("process_id:{}\r", self.process.id());
        until("a started server to answer", || async {
            match self.process.exit() {
                Some(_) => Some(Err(self.log())),
                None => self.answers_as(&ours).await.then_some(Ok(())),
            }
        })
        .await
    }

    /// Whether a process with this line in its INFO listens on our port and has loaded its data.
    async fn answers_as(&self, line: &str) -> bool {
        // INFO answers even while data is loaded, PING does not.
        let loaded = self.query::<()>(&["PING"]).await.is_ok();
        loaded && self.query::<String>(&["INFO", "server"]).await.is_ok_and(|info| info.contains(line))
    }

    /// Which program it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// `redis://HOST:PORT`, the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// `HOST:PORT`, the same after a restart.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Its port on 127.0.0.1, the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    pub(crate) fn bus_port(&self) -> Option<u16> {
        self.bus_port.as_ref().map(Port::number)
    }

    /// The id of its process, another one after a restart.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Its data directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it logged so far, over all restarts.
    #[must_use]
    pub fn log(&self) -> String {
        // No log yet reads as an empty one.
        fs::read_to_string(self.directory.path().join(LOG)).unwrap_or_default()
    }

    /// Whether it was neither paused nor killed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.condition() == Condition::Running
    }

    /// A new connection, which waits longer for an answer than the client's own default.
    ///
    /// # Errors
    /// When the server takes no connection.
    pub async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let patient = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        Client::open(self.url())?.get_multiplexed_async_connection_with_config(&patient).await
    }

    /// Sends one command, such as `&["SET", "key", "value"]`, over a connection of its own.
    ///
    /// # Errors
    /// What the server says, or that it cannot be reached.
    pub async fn query<T: FromRedisValue>(&self, command: &[&str]) -> RedisResult<T> {
        let mut connection = self.connection().await?;
        let mut words = redis::Cmd::new();
        for word in command {
            words.arg(word);
        }
        words.query_async(&mut connection).await
    }

    /// SIGSTOP: connections stay open, nothing answers. Returns when it stands still.
    ///
    /// # Panics
    /// When it is not running.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// SIGCONT: it goes on as if no time had passed.
    ///
    /// # Panics
    /// When it is not paused.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// SIGKILL, also while paused: every connection ends. Returns when it is gone.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again on the same port and directory and waits until it answers.
    ///
    /// # Panics
    /// When it was not killed, or does not come up.
    pub async fn restart(&self) {
        let command =
            command(self.engine, &self.port, self.bus_port.as_ref(), &self.settings, self.directory.path());
        self.process.restart(command).expect("the server's program starts");
        if let Err(log) = self.ready().await {
            panic!("{} ended before it was ready again:\n{log}", self.engine);
        }
    }

    /// Ends the connections of all clients, subscribers included; links between nodes stay.
    ///
    /// # Panics
    /// When the server does not obey.
    pub async fn client_kill_all(&self) {
        for kind in ["normal", "pubsub"] {
            self.command(&["CLIENT", "KILL", "TYPE", kind]).await;
        }
    }

    /// Removes all keys. On a node of a cluster this works on primaries only.
    ///
    /// # Panics
    /// When the server does not obey.
    pub async fn flush_all(&self) {
        self.command(&["FLUSHALL"]).await;
    }

    /// Changes a setting until the next restart.
    ///
    /// # Panics
    /// When the server does not obey.
    pub async fn config_set(&self, name: &str, value: &str) {
        self.command(&["CONFIG", "SET", name, value]).await;
    }

    /// A command that must work.
    #[track_caller]
    pub(crate) fn command(&self, command: &[&str]) -> impl Future<Output = ()> {
        let answer = within("a server's answer", self.query::<redis::Value>(command));
        async move {
            if let Err(error) = answer.await {
                panic!("{} refused {command:?}: {error}", self.engine);
            }
        }
    }
}

/// Whether a server is a node of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bus {
    None,
    Cluster,
}

/// The log's file name in the server's directory.
const LOG: &str = "server.log";

fn command(
    engine: Engine,
    port: &Port,
    bus_port: Option<&Port>,
    settings: &[(String, String)],
    directory: &Path,
) -> Command {
    let program = engine.program().unwrap_or_else(|missing| panic!("{missing}"));
    let mut command = dying_with_us("KILL", None, program.as_os_str());
    command.current_dir(directory);
    logging_to(&mut command, &directory.join(LOG));
    command.args(["--bind", "127.0.0.1", "--protected-mode", "no"]);
    // No snapshots; and a replica that joins gets its copy at once instead of after the usual 5 s.
    command.args(["--save", "", "--repl-diskless-sync-delay", "0"]);
    command.arg("--port").arg(port.number().to_string());
    if let Some(bus_port) = bus_port {
        command.arg("--cluster-enabled").arg("yes");
        command.arg("--cluster-port").arg(bus_port.number().to_string());
    }
    for (name, value) in settings {
        command.arg(format!("--{name}")).arg(value);
    }
    command
}
