//! A PostgreSQL in processes of its own, alone or shared by all tests of a test process.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use crate::directory::Directory;
use crate::port::Port;
use crate::process::{Goodbye, Process};
use crate::program::{Missing, PostgresPrograms};
use crate::spawner::{dying_with_us, logging_to};
use crate::wait::{until, within};

/// Settings of the server; those of the caller come after them and win.
const SETTINGS: [(&str, &str); 6] = [
    // What was committed survives the process, not the machine: tests never lose the machine.
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
    ("shared_buffers", "64MB"),
    ("listen_addresses", "127.0.0.1"),
    ("timezone", "UTC"),
];

/// PostgreSQL refuses to run as root: then it runs as the user that its packages create.
const USER: &str = "postgres";

/// Somebody else may take a free port first; twice in a row is already hard to believe.
const PORT_CLASHES_MAX: u32 = 5;

/// A server on a port of 127.0.0.1 and on a socket, with the superuser `postgres`. Dropping it ends it and removes its
/// directory.
#[derive(Debug)]
pub struct Postgres {
    // Fields are dropped in this order: the process ends before its directory goes.
    process: Process,
    programs: PostgresPrograms,
    port: Port,
    settings: Vec<(String, String)>,
    directory: Directory,
    databases: AtomicU32,
}

impl Postgres {
    /// Creates an empty server and starts it, about 1 s.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not come up.
    pub async fn start() -> Postgres {
        Self::start_with(&[]).await
    }

    /// Starts a server with settings, for example `("fsync", "on")` or `("wal_level", "logical")`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not come up.
    pub async fn start_with(settings: &[(&str, &str)]) -> Postgres {
        let programs = PostgresPrograms::find().unwrap_or_else(|missing| panic!("{missing}"));
        let mut all = SETTINGS.to_vec();
        all.extend(settings);
        let settings: Vec<_> =
            all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for _ in 0..PORT_CLASHES_MAX {
            let directory = Directory::create();
            initialise(&programs, directory.path()).await;
            let port = Port::reserve();
            let command = command(&programs, &port, &settings, directory.path());
            let process = Process::start(command, Goodbye::Quit).expect("PostgreSQL starts");
            let (programs, settings, databases) = (programs.clone(), settings.clone(), AtomicU32::new(0));
            let server = Postgres { process, programs, port, settings, directory, databases };
            match server.ready().await {
                Ok(()) => return server,
                Err(log) if log.contains("already in use") => {}
                Err(log) => panic!("PostgreSQL ended before it was ready:\n{log}"),
            }
        }
        panic!("{PORT_CLASHES_MAX} free ports in a row were taken before PostgreSQL could listen");
    }

    /// The server of this test process: started by the first who asks, ended with the process. Take a database of your
    /// own from it with [`Postgres::create_database`].
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not come up.
    pub async fn shared() -> &'static Postgres {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_init(Postgres::start).await
    }

    /// Whether there is a PostgreSQL to test on. On a laptop that has none, the skip is printed.
    ///
    /// # Panics
    /// When there is none and `CI` is set.
    #[must_use]
    pub fn is_installed() -> bool {
        PostgresPrograms::find().map_err(Missing::skip).is_ok()
    }

    /// The URL of its database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    /// When the server does not obey.
    pub async fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("create database {name}")).await;
        self.url_of(&name)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port())
    }

    /// Its port, the same after a restart; also the number of its socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Where its Unix socket is, which is what clients take as the host's name.
    #[must_use]
    pub fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it logged so far, over all restarts.
    #[must_use]
    pub fn log(&self) -> String {
        // No log yet reads as an empty one.
        fs::read_to_string(self.directory.path().join(LOG)).unwrap_or_default()
    }

    /// Runs statements in the database `postgres` and returns the rows: a line each, columns separated by `|`.
    ///
    /// # Panics
    /// When one of them fails.
    pub async fn sql(&self, statements: &str) -> String {
        self.sql_at(&self.url(), statements).await
    }

    /// Runs statements in the database of this URL, as [`Postgres::sql`] does.
    ///
    /// # Panics
    /// When one of them fails.
    pub async fn sql_at(&self, url: &str, statements: &str) -> String {
        let mut psql = Command::new(self.programs.psql());
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements]);
        finish("psql", psql).await
    }

    /// Ends it as a crash does, without a checkpoint. Every connection ends; what was committed is there after a restart.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again on the same port and directory and waits until it answers.
    ///
    /// # Panics
    /// When it was not killed, or does not come up.
    pub async fn restart(&self) {
        let command = command(&self.programs, &self.port, &self.settings, self.directory.path());
        self.process.restart(command).expect("PostgreSQL starts");
        if let Err(log) = self.ready().await {
            panic!("PostgreSQL ended before it was ready again:\n{log}");
        }
    }

    /// Waits until it says that it is ready. `Err` is its log, when it ended instead.
    async fn ready(&self) -> Result<(), String> {
        // Its lock file tells the process and, on a line of its own, the state: this is what its own pg_ctl reads.
        let lock = data(self.directory.path()).join("postmaster.pid");
        let ours = self.process.id().to_string();
        until("PostgreSQL to be ready", || async {
            if self.process.exit().is_some() {
                return Some(Err(self.log()));
            }
            let text = fs::read_to_string(&lock).ok()?;
            let mut lines = text.lines().map(str::trim);
            (lines.next() == Some(&ours) && lines.any(|line| line == "ready")).then_some(Ok(()))
        })
        .await
    }
}

/// The log's file name in the server's directory.
const LOG: &str = "server.log";

fn data(directory: &Path) -> PathBuf {
    directory.join("data")
}

/// Creates the files of an empty server, owned by the user that it will run as.
async fn initialise(programs: &PostgresPrograms, directory: &Path) {
    if user().is_some() {
        let (user, group) =
            ids_of(USER).unwrap_or_else(|| panic!("there is no user {USER}: run `cargo x setup`"));
        chown(directory, Some(user), Some(group)).expect("root may give a directory away");
    }
    let mut command = dying_with_us("KILL", user(), programs.initdb().as_os_str());
    command.current_dir(directory).arg("-D").arg(data(directory));
    command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    finish("initdb", command).await;
}

fn command(
    programs: &PostgresPrograms,
    port: &Port,
    settings: &[(String, String)],
    directory: &Path,
) -> Command {
    let mut command = dying_with_us("QUIT", user(), programs.postgres().as_os_str());
    logging_to(&mut command, &directory.join(LOG));
    command.current_dir(directory).arg("-D").arg(data(directory));
    command.arg("-p").arg(port.number().to_string()).arg("-k").arg(directory);
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command
}

/// Runs a program to its end and returns what it printed.
async fn finish(name: &str, command: Command) -> String {
    let mut command = tokio::process::Command::from(command);
    let output = within(name, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    let (printed, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name} failed: {complained}{printed}");
    printed.into_owned()
}

/// The user to run as: root has to become another one.
fn user() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some(USER)
}

/// The numbers of a user and of its group.
fn ids_of(user: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(user))?;
    let mut numbers = line.split(':').skip(2).map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}
