//! The shared tier and the backplane on real servers: Valkey 9 and Redis 7, single and as a cluster, whole and broken.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backplane_faults;
mod cluster_faults;
mod conformance;
mod connecting;
mod counter_faults;
mod counters;
mod hub_faults;
mod load;
mod metrics;
mod servers;
mod single_faults;
