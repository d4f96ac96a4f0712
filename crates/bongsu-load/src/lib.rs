//! The other side of the wire: a WebSocket client, the rules a client keeps, load drivers and the checker.
//!
//! Everything here speaks the published protocol only, so it runs against any deployment.

pub mod bench;
pub mod checker;
pub mod client;
mod endpoint;
pub mod random;
pub mod replay;
mod report;
pub mod rest;
mod sequence;
mod socket;
pub mod state;

pub use checker::{Checker, SendKey};
pub use client::{Client, ClientOptions};
pub use endpoint::{Endpoint, InvalidUrl};
pub use report::{Fault, Report};
pub use rest::Rest;
pub use sequence::{Sequence, Step};
pub use socket::{Closed, ConnectError, Incoming, Socket};
pub use state::DeviceState;
