//! The models of a hub: one type for each name.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::schemas::Schemas;
use super::{Core, check, entry_hash};
use crate::cache::Loads;
use crate::contract::Key;
use crate::error::BuildError;
use crate::metrics::ModelMetrics;
use crate::model::{Cached, IdText};
use crate::reconcile::Sampler;
use crate::resilience::LoadLimit;
use crate::schema::SchemaHash;

/// A model, without its type.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) schema: SchemaHash,
    /// Bumped to drop all its entries of the process tier at once.
    pub(crate) generation: AtomicU64,
    pub(crate) schemas: Schemas,
    pub(crate) limit: LoadLimit,
    pub(crate) metrics: ModelMetrics,
}

/// A model with its type.
#[derive(Debug)]
pub(crate) struct ModelState<T: Cached> {
    pub(crate) model: Arc<Model>,
    pub(crate) loads: Loads<T>,
    pub(crate) sampler: Sampler<T::Id>,
}

/// All of a hub.
#[derive(Debug, Default)]
pub(crate) struct Models {
    by_name: Mutex<HashMap<&'static str, Registered>>,
}

#[derive(Debug, Clone)]
struct Registered {
    type_id: TypeId,
    type_name: &'static str,
    model: Arc<Model>,
    state: Arc<dyn Any + Send + Sync>,
}

impl Model {
    /// Where an entry stands in the process tier.
    pub(crate) fn hash(&self, id: &IdText) -> u128 {
        entry_hash(self.name, id.as_bytes())
    }

    /// The key of an entry as this deployment writes it.
    pub(crate) fn key(&self, prefix: &str, id: &str) -> Key {
        Key::entry(prefix, self.schema, self.name, id)
    }

    pub(crate) fn renew(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

impl Models {
    /// The state of a type, which is taken into the hub if it was not.
    pub(crate) fn state<T: Cached>(&self, core: &Arc<Core>) -> Result<Arc<ModelState<T>>, BuildError> {
        let mut models = self.lock();
        if let Some(registered) = models.get(T::MODEL) {
            return registered.state_of::<T>();
        }
        if let Some(first) = core.counter_kinds.type_name_of(T::MODEL) {
            let second = std::any::type_name::<T>();
            return Err(BuildError::DuplicateModel { model: T::MODEL, first, second });
        }
        check::check_name(T::MODEL)?;
        check::check_entry_options(T::MODEL, &T::DEFAULTS)?;
        let model = Arc::new(Model {
            name: T::MODEL,
            schema: T::SCHEMA,
            generation: AtomicU64::new(0),
            schemas: Schemas::new(T::MODEL, T::SCHEMA, T::DEFAULTS.ttl, core.options.schema_notice),
            limit: LoadLimit::new(core.options.loads_per_model_max, core.options.load_wait),
            metrics: ModelMetrics::new(T::MODEL),
        });
        let state =
            Arc::new(ModelState { model: Arc::clone(&model), loads: Loads::new(), sampler: Sampler::new() });
        models.insert(
            T::MODEL,
            Registered {
                type_id: TypeId::of::<T>(),
                type_name: std::any::type_name::<T>(),
                model: Arc::clone(&model),
                state: Arc::clone(&state) as Arc<dyn Any + Send + Sync>,
            },
        );
        drop(models);
        if core.shared.is_some() {
            core.tasks.spawn(Arc::clone(core).keep_registered(model));
        } else {
            model.schemas.settle();
        }
        Ok(state)
    }

    /// Drops a model's entries of the process tier; a name that this process does not know has none.
    pub(crate) fn renew(&self, name: &str) {
        if let Some(model) = self.find(name) {
            model.renew();
        }
    }

    /// Whose name it is.
    pub(crate) fn type_name_of(&self, name: &str) -> Option<&'static str> {
        self.lock().get(name).map(|registered| registered.type_name)
    }

    /// A model of this process by its name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Model>> {
        self.lock().get(name).map(|registered| Arc::clone(&registered.model))
    }

    /// Returns when every model's schema is known to others for long enough.
    pub(crate) async fn settled(&self) -> bool {
        let models: Vec<_> = self.lock().values().map(|registered| Arc::clone(&registered.model)).collect();
        for model in models {
            if !model.schemas.settled().await {
                return false;
            }
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Registered>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered {
    fn state_of<T: Cached>(&self) -> Result<Arc<ModelState<T>>, BuildError> {
        let duplicate = BuildError::DuplicateModel {
            model: T::MODEL,
            first: self.type_name,
            second: std::any::type_name::<T>(),
        };
        if self.type_id != TypeId::of::<T>() {
            return Err(duplicate);
        }
        Arc::clone(&self.state).downcast().map_err(|_| duplicate)
    }
}
