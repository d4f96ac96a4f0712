//! The binary `bongsu`.

use std::process::ExitCode;

use bongsu_server::cli::Cli;
use clap::Parser;
use mimalloc::MiMalloc;

/// What one thread allocates another frees: a message comes in on a worker and goes with the committer. The system's
/// allocator locks there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bongsu: {error:#}");
            ExitCode::FAILURE
        }
    }
}
