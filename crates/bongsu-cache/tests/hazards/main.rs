//! Each hazard of a two-tier cache as a test, with both tiers in memory and a clock that only moves when all wait.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alone;
mod applier;
mod backplane;
mod batches;
mod invalidation;
mod leases;
mod metrics;
mod model_drops;
mod options;
mod outages;
mod processes;
mod reads;
mod refresh;
mod taken_back;
mod versions;
mod warming;
mod world;
mod writes;
