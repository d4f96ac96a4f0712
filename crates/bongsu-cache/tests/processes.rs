//! Promises between processes, shown with real ones over one Valkey: a stampede is one load, absent ids cost one load
//! each, and an invalidation during a load of another process wins.
//!
//! A test starts this program again, four times, as `act_as_a_process` with a part to play. What all of them count, they
//! count on the server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "processes/part.rs"]
mod part;

use std::process::Stdio;

use bongsu_testbed::{Engine, Server, until, within};
use tokio::process::{Child, Command};

use part::{PART, Part, SERVER};

const PROCESSES: usize = 4;

/// Plays a part if this is one of the processes of a test; nothing otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn act_as_a_process() {
    if let Some(part) = Part::ours() {
        part.play().await;
    }
}

#[tokio::test]
async fn a_thousand_misses_at_once_in_four_processes_are_one_load() {
    let server = Server::start(Engine::Valkey).await;
    let children = start(&server, ["stampede"; PROCESSES]);
    begin(&server).await;
    succeed(children).await;
    let (reads, loads): (u64, u64) = (get(&server, "reads").await, get(&server, "loads").await);
    println!("{reads} concurrent misses of one key in {PROCESSES} processes: {loads} load");
    assert_eq!(reads, 1000);
    assert_eq!(loads, 1);
}

#[tokio::test]
async fn a_hundred_thousand_reads_of_absent_ids_are_one_load_of_each() {
    let server = Server::start(Engine::Valkey).await;
    let children = start(&server, ["penetration"; PROCESSES]);
    begin(&server).await;
    succeed(children).await;
    let reads: u64 = get(&server, "reads").await;
    let loads: Vec<u64> = server.query(&["HVALS", "loads-of-each"]).await.unwrap();
    println!(
        "{reads} reads of {} absent ids in {PROCESSES} processes: {} loads",
        loads.len(),
        loads.iter().sum::<u64>()
    );
    assert_eq!(reads, 100_000);
    assert_eq!(loads.len(), part::ABSENT_IDS as usize);
    assert!(
        loads.iter().all(|loads| *loads == 1),
        "an id was loaded more than once within its negative life"
    );
}

#[tokio::test]
async fn an_invalidation_during_a_load_of_another_process_wins() {
    let server = Server::start(Engine::Valkey).await;
    let children = start(&server, ["slow-reader", "writer", "idle", "idle"]);
    begin(&server).await;
    succeed(children).await;
    let seen: Vec<String> = server.query(&["LRANGE", "seen", "0", "-1"]).await.unwrap();
    println!("seen after the invalidation, by reader and writer: {seen:?}");
    assert_eq!(seen, ["new", "new"]);
}

fn start(server: &Server, parts: [&str; PROCESSES]) -> Vec<Child> {
    let program = std::env::current_exe().unwrap();
    let start = |part| {
        let mut command = Command::new(&program);
        command.args(["--exact", "act_as_a_process", "--nocapture"]);
        command.env(PART, part).env(SERVER, server.address());
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap()
    };
    parts.into_iter().map(start).collect()
}

/// Lets all begin at the same moment, once all are ready.
async fn begin(server: &Server) {
    until("all processes to be ready", async || {
        (get(server, "ready").await == PROCESSES as u64).then_some(())
    })
    .await;
    server.query::<()>(&["SET", "go", "1"]).await.unwrap();
}

async fn succeed(children: Vec<Child>) {
    for mut child in children {
        let status = within("a process to end", child.wait()).await.unwrap();
        assert!(status.success(), "a process failed: {status}");
    }
}

async fn get(server: &Server, key: &str) -> u64 {
    server.query::<Option<u64>>(&["GET", key]).await.unwrap().unwrap_or(0)
}
