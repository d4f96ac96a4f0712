//! The engines under test, as fixtures open them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bongsu_store::conformance::Engine;
use bongsu_store::memory::MemoryStore;
use bongsu_store::{Store, StoreOptions};

/// The reference, without data.
pub(crate) fn memory() -> Box<dyn Engine> {
    Box::new(MemoryEngine::default())
}

#[derive(Default)]
struct MemoryEngine(Mutex<Option<MemoryStore>>);

#[async_trait]
impl Engine for MemoryEngine {
    async fn open(&self, options: StoreOptions) -> Arc<dyn Store> {
        let mut opened = self.0.lock().expect("never poisoned");
        let store = match &*opened {
            None => MemoryStore::open(options),
            Some(before) => before.reopen(options),
        };
        *opened = Some(store.clone());
        Arc::new(store)
    }

    async fn close(&self) {}
}
