//! A two-tier cache: one tier in the process, one shared by all processes, and a backplane between them.
//!
//! What it is careful about: a deployed change of a type never reads what the old version wrote, an invalidation is
//! never silently lost, an invalidation during a load wins, a thousand misses are one load, and trouble in the shared
//! tier is never an error of a read. The crate knows nothing of any application.
//!
//! Start at [`CacheHub`], one for each process, and [`Cached`], which a type to be cached implements by
//! `#[derive(CacheSchema)]`.

extern crate self as bongsu_cache;

pub mod codec;
pub mod contract;
pub mod model;
pub mod options;
pub mod schema;

pub use codec::{Codec, CodecError, Json, Postcard};
pub use model::{CacheId, Cached, IdText};
pub use options::{EntryOptions, LeaseMode};
