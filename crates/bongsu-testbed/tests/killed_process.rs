//! A test process that is killed leaves no server behind.

use std::process::Stdio;

use bongsu_testbed::{Engine, until, within};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

#[tokio::test]
async fn servers_die_with_the_process_that_started_them() {
    for engine in Engine::installed() {
        let name = engine.to_string().to_lowercase();
        killed_with_its_process(&name).await;
    }
}

/// Starts the servers of `what` in a process of their own, kills that process, and waits for the servers to be gone.
async fn killed_with_its_process(what: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu-testbed"));
    let mut process = command.arg(what).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let url = within("the address of the server", lines.next_line()).await.unwrap().unwrap();
    let address = url.strip_prefix("redis://").unwrap();
    TcpStream::connect(address).await.unwrap();

    process.kill().await.unwrap();

    until("the server to be gone", || async { TcpStream::connect(address).await.err() }).await;
}
