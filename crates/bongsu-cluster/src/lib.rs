//! What the nodes of a deployment share: the bus, who is online, and rates. In one process for now.
//!
//! Nothing here is the truth: the bus may lose, presence may be late, a rate is a node's own. Whatever must be right
//! is read from the store.

mod bus;
pub mod fault;
mod in_process;
mod presence;
mod rate;

pub use bus::{Bus, BusEvent, BusReceiver, Ephemeral, EphemeralReceiver};
pub use in_process::{COMMITS_QUEUED, EPHEMERALS_QUEUED, InProcessBus};
pub use presence::{Presence, PresenceState};
pub use rate::{Rate, RateLimiter, TokenBucket};
