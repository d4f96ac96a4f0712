//! The engines under test, as fixtures open them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bongsu_store::conformance::Engine;
#[cfg(feature = "embedded")]
use bongsu_store::embedded::{EmbeddedSettings, EmbeddedStore};
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

/// The engine for one machine, in a directory of its own, with so much memory for positions.
#[cfg(feature = "embedded")]
pub(crate) fn embedded(positions_bytes: usize) -> Box<dyn Engine> {
    Box::new(EmbeddedEngine {
        dir: tempfile::tempdir().expect("a directory for the store"),
        positions_bytes,
        opened: Mutex::default(),
    })
}

#[cfg(feature = "embedded")]
struct EmbeddedEngine {
    dir: tempfile::TempDir,
    positions_bytes: usize,
    opened: Mutex<Option<Arc<EmbeddedStore>>>,
}

#[cfg(feature = "embedded")]
#[async_trait]
impl Engine for EmbeddedEngine {
    async fn open(&self, options: StoreOptions) -> Arc<dyn Store> {
        // The disk of whoever runs the tests may be nearly full.
        let positions_bytes = self.positions_bytes;
        let settings =
            EmbeddedSettings { disk_floor_bytes: 0, positions_bytes, ..EmbeddedSettings::default() };
        let store = EmbeddedStore::open_with(self.dir.path(), options, settings).expect("the store opens");
        let store = Arc::new(store);
        *self.opened.lock().expect("never poisoned") = Some(Arc::clone(&store));
        store
    }

    async fn close(&self) {
        let store = self.opened.lock().expect("never poisoned").take().expect("the store is open");
        store.shutdown().await.expect("the store closes well");
    }
}
