//! The locks under one name, so that an exploration of schedules can put others in their place. The gate and the board
//! of flights are explored (`tests/interleavings.rs`); the rest is tested over a stopped clock and real servers.

pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
