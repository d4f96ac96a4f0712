//! The cache of one type: what applications call.

mod answer;
mod batch;
mod each;
mod fetch;
mod flights;
mod inspect;
mod lease;
mod life;
mod loader;
mod read;
mod store;
mod write;

use std::any::TypeId;
use std::sync::Arc;

use tokio::sync::watch;

pub(crate) use answer::Outcome;
pub use answer::{Loaded, Lookup, Tier};
use flights::Flights;
pub(crate) use inspect::Sight;
pub(crate) use write::Unfinished;
pub use write::Written;

use crate::error::BuildError;
use crate::hub::{CacheHub, Core, Model, ModelState, check_entry_options};
use crate::l1::Ticket;
use crate::model::Cached;
use crate::options::EntryOptions;
use crate::reconcile::Sampler;

/// The cache of one type. Cheap to clone.
#[derive(Debug)]
pub struct Cache<T: Cached> {
    hub: CacheHub,
    state: Arc<ModelState<T>>,
    options: EntryOptions,
}

/// Loads of one type that are under way.
pub(crate) type Loads<T> = Flights<FlightKey, Ticket, Handle<T>>;

/// What those who wait for a load hold.
pub(crate) type Handle<T> = watch::Receiver<Option<Outcome<T>>>;

/// What flights are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FlightKey {
    /// Of an entry and the loader's error type: those who wait get the error as their own type.
    Load(u128, TypeId),
    /// An early refresh. Nobody waits for it.
    Refresh(u128),
}

impl<T: Cached> Clone for Cache<T> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone(), state: Arc::clone(&self.state), options: self.options }
    }
}

impl<T: Cached> Cache<T> {
    pub(crate) fn new(hub: CacheHub, state: Arc<ModelState<T>>) -> Self {
        Self { hub, state, options: T::DEFAULTS }
    }

    /// The same cache with other options for the calls made through it.
    ///
    /// # Errors
    /// When they make no sense.
    pub fn with(&self, options: EntryOptions) -> Result<Self, BuildError> {
        check_entry_options(T::MODEL, &options)?;
        self.model().schemas.cover(options.ttl);
        Ok(Self { options, ..self.clone() })
    }

    /// The options of calls made through this handle.
    #[must_use]
    pub fn options(&self) -> &EntryOptions {
        &self.options
    }

    /// The hub it belongs to.
    #[must_use]
    pub fn hub(&self) -> &CacheHub {
        &self.hub
    }

    /// Chooses what is reconciled.
    pub(crate) fn sampler(&self) -> &Sampler<T::Id> {
        &self.state.sampler
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.hub.core
    }

    pub(crate) fn model(&self) -> &Arc<Model> {
        &self.state.model
    }
}
