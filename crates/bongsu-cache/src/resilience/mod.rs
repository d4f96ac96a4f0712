//! What keeps trouble small: a breaker for each shard, a limit on loads.

mod breaker;
mod limit;

pub use breaker::{Breaker, BreakerOptions, BreakerState, Entry};
pub(crate) use limit::LoadLimit;
