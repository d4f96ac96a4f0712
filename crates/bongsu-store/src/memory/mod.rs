//! The reference engine: plain structs behind one lock, obviously right, nothing kept on disk.
//!
//! Every other engine is compared with it. Invariants:
//! - a request is checked in full before anything is written, so a refusal leaves no trace;
//! - what a commit changed is visible, numbered and told to the observer before the lock is released;
//! - a room's log is the vector of its records above the floor, dense by `seq`.

mod change;
mod devices;
mod history;
mod import;
mod messages;
mod reads;
mod rooms;
mod state;
mod tail;
mod upkeep;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::{Refusal, StoreOptions, StoreResult};
use change::Change;
use state::State;

/// A store that lives as long as the process: the reference model, and the store of tests.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    options: StoreOptions,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn open(options: StoreOptions) -> Self {
        Self { state: Arc::default(), options }
    }

    /// The same data under other options, as a durable engine is opened again.
    #[must_use]
    pub fn reopen(&self, options: StoreOptions) -> Self {
        Self { state: Arc::clone(&self.state), options }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no call panics while it holds the state")
    }

    /// Runs one mutation; what it wrote becomes one commit, and a mutation that wrote nothing becomes none.
    fn change<T>(&self, mutate: impl FnOnce(&mut Change<'_>) -> Result<T, Refusal>) -> StoreResult<T> {
        let mut state = self.state();
        let mut change = Change::begin(&mut state, &self.options);
        let answer = mutate(&mut change)?;
        if let Some(committed) = change.finish() {
            self.options.observer.committed(&committed);
        }
        Ok(answer)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("options", &self.options).finish_non_exhaustive()
    }
}
