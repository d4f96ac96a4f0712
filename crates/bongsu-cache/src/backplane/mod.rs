//! What the cache says over a backplane, and how it finds out that something was lost.
//!
//! Every frame carries its origin, an epoch and a sequence number for its channel, and every process sends a heartbeat
//! on every channel through the real backplane, and hears its own. A gap, a new epoch, a stranger in the middle of its
//! sequence, an origin that falls silent: that channel's part of the process tier is dropped. One's own heartbeat that
//! does not come back: that part does not answer until it does.

pub mod frame;
mod listening;
mod publisher;
mod receiver;
mod unsaid;

pub(crate) use publisher::{Publisher, Telling};
pub(crate) use receiver::run as receive;
