//! The demo: a rental marketplace's chat at the scale of the problem, and a few bots that keep talking in it.

mod bots;
mod chance;
mod market;
mod script;
mod seed;
mod words;

pub(crate) use bots::talk;
pub(crate) use market::Market;
pub(crate) use seed::seed;
