//! The locks of the concurrent core, under one name, so that its exploration can put others in their place.

pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
