//! What a WebSocket library costs the server: processor time of its thread for each frame, and bytes for each connection
//! that waits. The other side is this program's main thread, which knows nothing of WebSockets but their bytes.

mod client;
mod rounds;
mod server;

use std::alloc::System;

use anyhow::Result;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::rounds::{Figures, Job};
use crate::server::Library;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runs of each, in turns: the median counts.
const RUNS: usize = 5;

fn main() -> Result<()> {
    println!(
        "server thread's processor time, ns a frame of 200 bytes over 100 connections; heap bytes an idle connection"
    );
    println!("median of {RUNS} runs (lowest-highest), the libraries in turns\n");
    let mut figures: Vec<Vec<Figures>> = Library::ALL.iter().map(|_| Vec::new()).collect();
    for _ in 0..RUNS {
        for (library, of_library) in Library::ALL.into_iter().zip(&mut figures) {
            of_library.push(Figures::measure(library)?);
        }
    }
    print!("| library |");
    Job::ALL.iter().for_each(|job| print!(" {job} |"));
    println!(" idle |\n| --- |{} ---: |", " ---: |".repeat(Job::ALL.len()));
    for (library, runs) in Library::ALL.into_iter().zip(&figures) {
        print!("| {library} |");
        for column in 0..=Job::ALL.len() {
            let mut values: Vec<u64> = runs.iter().map(|run| run.column(column)).collect();
            values.sort_unstable();
            print!(" {} ({}-{}) |", values[RUNS / 2], values[0], values[RUNS - 1]);
        }
        println!();
    }
    Ok(())
}
