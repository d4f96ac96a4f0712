//! Real servers for tests, each in a process and a temporary directory of its own: Valkey and Redis, alone or as a
//! cluster, and links that fail. Development only; it knows nothing of what is tested on it.
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

mod engine;
mod port;
mod process;
mod program;
mod proxy;
mod server;
mod spawner;
mod wait;

pub use engine::Engine;
pub use program::Missing;
pub use proxy::FaultProxy;
pub use server::Server;
pub use wait::{PATIENCE, until, within};
