//! `cargo run -p bongsu-testbed -- valkey`: a server of the test bed to try things on, until it is interrupted.

use std::process::ExitCode;

use bongsu_testbed::{Cluster, Engine, Postgres, Server};

const USAGE: &str = "usage: bongsu-testbed valkey|redis|valkey-cluster|redis-cluster|postgres";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let what = std::env::args().nth(1).unwrap_or_default();
    match what.as_str() {
        "valkey" => single(Engine::Valkey).await,
        "redis" => single(Engine::Redis).await,
        "valkey-cluster" => cluster(Engine::Valkey).await,
        "redis-cluster" => cluster(Engine::Redis).await,
        "postgres" => postgres().await,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn single(engine: Engine) {
    let server = Server::start(engine).await;
    println!("{}", server.url());
    interrupted().await;
}

async fn cluster(engine: Engine) {
    let cluster = Cluster::start(engine).await;
    println!("{}", cluster.seeds().join(" "));
    interrupted().await;
}

async fn postgres() {
    let postgres = Postgres::start().await;
    println!("{}", postgres.url());
    interrupted().await;
}

async fn interrupted() {
    eprintln!("until Ctrl-C");
    tokio::signal::ctrl_c().await.expect("an interrupt can be waited for");
}
