//! For tests of this crate and of yours: what every shared tier and backplane must do, faults to put before them, and
//! a judge of what was read.
//!
//! * [`conformance`]: one test for each promise of [`L2`](crate::contract::L2) and
//!   [`Backplane`](crate::contract::Backplane), for implementations of your own.
//! * [`FaultyL2`] and [`LossyBackplane`]: decorators that fail on purpose, in a way that a seed repeats.
//! * [`assert_lock`]: `cache-schemas.lock`, which shows a change of keys in review.
//! * [`History`]: explains every read as current, stale within the declared bound, or said to be stale.

mod chance;
mod chaos;
pub mod conformance;
mod history;
mod switches;

pub use crate::schema::lock::{LockFault, SchemaEntry, assert_lock, check_lock, lock_text};
pub use chance::{Chance, Dice};
pub use chaos::{BackplaneFaults, FaultyL2, L2Faults, LossyBackplane};
pub use history::{Bound, Change, History, Read, Report, Seen, Trouble, Unexplained};
