//! What tests stand on: a server under test, users in front of devices, links that fail. Development only.

mod access;
mod client;
mod node;
mod process;
mod proxy;
mod wait;

pub use access::{Access, user_id};
pub use client::{Sent, TestClient};
pub use node::{NodeOptions, TestNode};
pub use process::{Binary, Said, ServerProcess};
pub use proxy::FaultProxy;
pub use wait::{PATIENCE, within};
