//! What tests stand on: a server under test, users in front of devices, links that fail. Development only.

mod access;
mod client;
mod node;
mod process;

pub use bongsu_testbed::{FaultProxy, PATIENCE, within};

pub use access::{Access, user_id};
pub use client::{Sent, TestClient};
pub use node::{NodeOptions, TestNode};
pub use process::{Binary, Said, ServerProcess};
