//! What is cached: a text that tells which entry it is, so that a wrong one is noticed.

use std::convert::Infallible;

use bongsu_cache::CacheSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheSchema)]
#[cache(model = "value", id = u64, ttl = "1h", l1_ttl = "10m")]
pub(super) struct Value {
    pub(super) id: u64,
    text: String,
}

impl Value {
    pub(super) fn of(id: u64, bytes: usize) -> Self {
        Self { id, text: format!("{id:0bytes$}") }
    }

    /// The source.
    pub(super) async fn load(id: u64, bytes: usize) -> Result<Option<Self>, Infallible> {
        Ok(Some(Self::of(id, bytes)))
    }
}
