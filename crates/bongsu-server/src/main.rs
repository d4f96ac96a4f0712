//! The binary `bongsu`.

use std::process::ExitCode;

use bongsu_server::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bongsu: {error:#}");
            ExitCode::FAILURE
        }
    }
}
