//! `cargo x`: the project's own tasks, one file each, so that a laptop and CI run the very same commands.

mod browser;
mod ci;
mod debian;
mod fuzz;
mod npm;
mod services;
mod setup;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Bongsu's own tasks: what you run before you push is what CI runs.
///
/// A first visit: `cargo x test` installs what the tests need and runs them all. Before a commit: `cargo x ci`.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x", disable_help_subcommand = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

const EXAMPLES: &str = "\
Examples:
  cargo x test                         everything a change must pass, browser included
  cargo test -p bongsu-store           one crate, while working on it
  cargo x browser                      only the browser tests
  cargo x fuzz --seconds 300           five minutes for each fuzz target

Environment:
  BONGSU_TEST_DATA       folder of the real chat logs; tests that need it say so when it is not set
  BONGSU_CHROMIUM        the browser to test with, default /usr/bin/chromium
  BONGSU_VALKEY_SERVER   the valkey-server to test with, default the one that setup installs
  BONGSU_REDIS_SERVER    the redis-server to test with, default the one on the PATH
  BONGSU_POSTGRES_BIN    the folder of PostgreSQL's initdb, postgres and psql, default the newest of Debian's
  CI                     when set, something missing is a failure instead of a printed skip";

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need (Node, Chromium, npm packages, Valkey, Redis, PostgreSQL); quick when all is there
    Setup,
    /// Set up, then run every test: Rust, web, browser
    Test,
    /// Run only the browser tests: two people in real windows against the real binary
    Browser,
    /// Check what a change must hold besides its tests: format, lints, tidy, docs, web build
    Ci,
    /// Check the house rules: crate walls, file shape, manifests, texts that must not be here
    Tidy,
    /// Run the fuzz targets for a bounded time (needs cargo-fuzz)
    Fuzz(fuzz::Bounds),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Test => test::run(),
        Task::Browser => browser::run(),
        Task::Ci => ci::run(),
        Task::Tidy => tidy::run(),
        Task::Fuzz(bounds) => fuzz::run(&bounds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
