//! Decorators that fail on purpose.

mod backplane;
mod faults;
mod l2;

pub use backplane::LossyBackplane;
pub use faults::{BackplaneFaults, L2Faults};
pub use l2::FaultyL2;
