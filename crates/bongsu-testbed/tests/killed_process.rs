//! A test process that is killed leaves no server behind.

use std::process::Stdio;

use bongsu_testbed::{Engine, Postgres, until, within};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

#[tokio::test]
async fn servers_die_with_the_process_that_started_them() {
    for engine in Engine::installed() {
        let name = engine.to_string().to_lowercase();
        killed_with_its_process(&name).await;
        killed_with_its_process(&format!("{name}-cluster")).await;
    }
}

#[tokio::test]
async fn a_database_server_dies_with_the_process_that_started_it() {
    if Postgres::is_installed() {
        killed_with_its_process("postgres").await;
    }
}

/// Starts the servers of `what` in a process of their own, kills that process, and waits for the servers to be gone.
async fn killed_with_its_process(what: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu-testbed"));
    command.arg(what).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().expect("the test bed's program starts");
    let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
    let line = within("the addresses of the servers", lines.next_line()).await.expect("a line of text");
    let urls = line.expect("the servers start");
    let addresses: Vec<&str> = urls.split(' ').map(address).collect();
    for address in &addresses {
        TcpStream::connect(address).await.expect("a started server listens");
    }

    process.kill().await.expect("a child can be killed");

    for address in &addresses {
        until("the server to be gone", || async { TcpStream::connect(address).await.err() }).await;
    }
}

/// `HOST:PORT` of a URL.
fn address(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let after_user = after_scheme.split_once('@').map_or(after_scheme, |(_, rest)| rest);
    after_user.split('/').next().unwrap_or_default()
}
