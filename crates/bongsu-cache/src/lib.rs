//! A two-tier cache: one tier in the process, one shared by all processes, and a backplane between them.
//!
//! What it is careful about: a deployed change of a type never reads what the old version wrote, an invalidation is
//! never silently lost, an invalidation during a load wins, a thousand misses are one load, and trouble in the shared
//! tier is never an error of a read. The crate knows nothing of any application.
//!
//! Start at [`CacheHub`], one for each process, and [`Cached`], which a type to be cached implements by
//! `#[derive(CacheSchema)]`.

extern crate self as bongsu_cache;

pub mod backplane;
mod cache;
pub mod codec;
pub mod contract;
mod counter;
pub mod envelope;
mod error;
mod hub;
mod l1;
pub mod memory;
mod metrics;
pub mod model;
pub mod options;
mod random;
mod reconcile;
pub mod resilience;
pub mod schema;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "valkey")]
pub mod valkey;
mod warm;

pub use cache::{Cache, Loaded, Lookup, Tier, Written};
pub use codec::{Codec, CodecError, Json, Postcard};
pub use counter::{Counter, CounterChange, CounterKey, CounterOptions, CounterUpdate};
pub use envelope::Version;
pub use error::{BuildError, Invalidated, LoadError};
pub use hub::{Applied, Applier, CacheHub, Change, HubBuilder, HubOptions};
pub use model::{CacheId, Cached, IdText};
pub use options::{EntryOptions, LeaseMode};
pub use reconcile::{Class, Interval, ReconcileOptions, Reconciliation, Reconciling, SourceOfTruth};
pub use schema::CacheSchema;
pub use warm::{WarmOptions, WarmProgress, Warming};
