//! The command line: what there is, and what each part teaches with `--help`.

mod backup;
mod bench;
mod check;
mod demo;
mod import;
mod key;
mod output;
mod progress;
mod restore;
mod serve;
mod token;

use anyhow::Result;
use clap::{Parser, Subcommand};

pub(crate) use progress::Progress;

/// Socket events taken from the system at once: about as many as tasks run until it is asked again. What is taken stands
/// in front of everything that happens later. When ten thousand clients come at once, the others of them wait in the
/// system, and a message for those who are connected is not behind all of them.
const SOCKET_EVENTS_AT_ONCE: usize = 64;

/// Self-hosted messaging backend: rooms, per-device delivery, exact unread, one binary.
#[derive(Debug, Parser)]
#[command(name = "bongsu", version, propagate_version = true)]
#[command(
    after_help = "First steps:\n  bongsu demo                          a running chat with data in it, opened by one link\n  \
    bongsu serve --data ./data           a server of your own\n  \
    bongsu token --data ./data --user alice   a token to log in with"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Token(token::Token),
    Key(key::Key),
    Import(import::Import),
    Check(check::Check),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Bench(bench::Bench),
}

impl Cli {
    /// Carries out the command.
    ///
    /// # Errors
    /// With what to do about it.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Serve(serve) => serve.run(),
            Command::Demo(demo) => demo.run(),
            Command::Token(token) => token.run(),
            Command::Key(key) => key.run(),
            Command::Import(import) => import.run(),
            Command::Check(check) => check.run(),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Bench(bench) => bench.run(),
        }
    }
}

/// A runtime for a command.
fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().max_io_events_per_tick(SOCKET_EVENTS_AT_ONCE);
    Ok(builder.build()?)
}
