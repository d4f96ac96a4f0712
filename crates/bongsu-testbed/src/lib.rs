//! Real servers for tests, each in a process and a temporary directory of its own: Valkey and Redis, alone or as a
//! cluster, PostgreSQL, and links that fail ([`FaultProxy`]). Development only; it knows nothing of what is tested on it.
//!
//! Every server is killed when its value is dropped, and when the test process dies, however it dies. Everything
//! waits for events, for at most [`PATIENCE`], and panics with what did not come. A program that is not installed is
//! named together with the command that brings it: `cargo x setup`.
//!
//! One server on a free port, up in less than 100 ms:
//!
//! ```no_run
//! # async fn example() {
//! use bongsu_testbed::{Engine, Server};
//!
//! for engine in Engine::installed() {
//!     let server = Server::start_with(engine, &[("maxmemory", "10mb")]).await;
//!     let client = redis::Client::open(server.url()).unwrap();
//!     # drop(client);
//!     server.query::<()>(&["SET", "greeting", "hi"]).await.unwrap();
//!
//!     server.client_kill_all().await; // every connection ends; new ones are taken
//!     server.pause(); // SIGSTOP: connections stay open, nothing answers
//!     server.resume();
//!     server.kill(); // SIGKILL
//!     server.restart().await; // the same port and directory; its data only with `appendonly yes`
//! }
//! # }
//! ```
//!
//! A cluster of three shards, each a primary and its replica, formed in 2.5 s:
//!
//! ```no_run
//! # async fn example() {
//! use bongsu_testbed::{Cluster, Engine};
//!
//! let cluster = Cluster::start(Engine::Valkey).await;
//! let client = redis::cluster::ClusterClient::new(cluster.seeds()).unwrap();
//! # drop(client);
//! let key = Cluster::key_on(1, "room"); // "room{..}", of a slot that shard 1 has in the beginning
//!
//! let dead = cluster.kill_primary(1).await; // or pause_primary, then resume(node)
//! let heir = cluster.primary_of_key(&key).await; // waits until the replica has taken over, about 3 s
//! cluster.node(heir).query::<()>(&["SET", &key, "hi"]).await.unwrap();
//! cluster.restart(dead).await;
//! cluster.wait_ready().await; // it is a replica now
//!
//! cluster.failover(1).await; // the roles change back, in milliseconds
//! cluster.migrate_slots(0, 2, 0..=99).await; // shard 0 hands 100 slots to shard 2, keys included
//! cluster.client_kill_all(2).await;
//! # }
//! ```
//!
//! Tests that only read its roles, or use keys of their own, can share one: nothing in it belongs to the runtime that
//! started it, so a `static` of `tokio::sync::OnceCell<Cluster>` serves all tests of a process.
//!
//! A PostgreSQL, up in 1 s. One for all tests of a process, with a database for each of them:
//!
//! ```no_run
//! # async fn example() {
//! use bongsu_testbed::Postgres;
//!
//! let postgres = Postgres::shared().await; // or Postgres::start(), to break it alone
//! let url = postgres.create_database().await;
//! postgres.sql_at(&url, "create table greeting (text text)").await;
//! # }
//! ```

mod cluster;
mod directory;
mod engine;
mod port;
mod postgres;
mod process;
mod program;
mod proxy;
mod server;
mod slot;
mod spawner;
mod wait;

pub use cluster::{Cluster, SHARDS};
pub use engine::Engine;
pub use postgres::Postgres;
pub use program::Missing;
pub use proxy::FaultProxy;
pub use server::Server;
pub use slot::{SLOTS, slot_of};
pub use wait::{PATIENCE, until, within};
