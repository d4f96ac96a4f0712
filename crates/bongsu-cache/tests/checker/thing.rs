//! What the checker's worlds cache: a value that says which thing and which version it is.

use bongsu_cache::schema::CacheSchema;
use serde::{Deserialize, Serialize};

/// A version of a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "thing", id = u64)]
pub(crate) struct Thing {
    pub(crate) thing: u64,
    pub(crate) version: u64,
    body: Vec<u8>,
}

impl Thing {
    pub(crate) fn new(thing: u64, version: u64) -> Self {
        Self { thing, version, body: body(thing, version) }
    }

    /// Whether it is whole: nobody mixed two versions.
    pub(crate) fn is_whole(&self) -> bool {
        self.body == body(self.thing, self.version)
    }
}

/// Some are compressed, some are not.
fn body(thing: u64, version: u64) -> Vec<u8> {
    let length = if version.is_multiple_of(50) { 3000 } else { 24 };
    vec![(thing * 31 + version) as u8; length]
}
