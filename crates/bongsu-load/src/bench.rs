//! Scenarios that measure a deployment, and check while they measure that nothing was lost, doubled or reordered.
//!
//! The load side runs on one thread, writes frames it made before, and reads of a delivery only where it stands in
//! its room, so that the server is what is measured. Where it is not, [`Phase::is_load_bound`] says so.

pub mod broadcast;
mod crowd;
pub mod fanout;
mod fill;
mod frames;
mod histogram;
pub mod idle;
pub mod limit;
mod line;
pub mod list;
mod outcome;
mod people;
pub mod replay;
pub mod resume;
mod scan;
pub mod send;
mod session;
pub mod storm;
mod system_calls;
mod target;
mod template;
mod usage;
mod watch;

pub use frames::NotAFrame;
pub use histogram::Histogram;
pub use outcome::{Outcome, Phase};
pub use people::People;
pub use scan::UnknownLayout;
pub use system_calls::SystemCalls;
pub use target::Target;
pub use usage::Usage;

use bongsu_wire::WireError;

use crate::client::CallError;
use crate::rest::RestError;
use crate::socket::ConnectError;

/// How long nothing may happen: far above any promise, reaching it means that it never will.
const STALL: std::time::Duration = std::time::Duration::from_secs(30);

/// How often progress is told.
const PROGRESS_EVERY: std::time::Duration = std::time::Duration::from_millis(250);

/// Why a scenario could not be measured. Wrong answers are no errors: the report counts them.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A socket or a file failed.
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
    /// A call over REST failed.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// A call on a session failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Bytes that are no WebSocket.
    #[error(transparent)]
    NotAFrame(#[from] NotAFrame),
    /// Objects this side cannot read.
    #[error(transparent)]
    UnknownLayout(#[from] UnknownLayout),
    /// The server ended a connection of the run.
    #[error("a connection ended: {0}")]
    Closed(String),
    /// The server refused a request of the run.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The server refused a hello; whether for now or for good, the error says.
    #[error("the server refused a hello: {0}")]
    HelloRefused(WireError),
    /// An answer of another shape.
    #[error("unexpected answer to {method}: {reason}")]
    Unclear {
        /// The method.
        method: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing happened for a long time.
    #[error("nothing happened for half a minute while waiting for {0}")]
    Stalled(&'static str),
    /// The scenario cannot be run as asked.
    #[error("{0}")]
    Options(String),
    /// The replay could not go on.
    #[error("the replay stopped: {0}")]
    Replay(#[from] crate::replay::ReplayError),
    /// A task of the driver panicked.
    #[error("the driver failed: {0}")]
    Driver(#[from] tokio::task::JoinError),
}
