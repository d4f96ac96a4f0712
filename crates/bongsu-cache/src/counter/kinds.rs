//! The kinds of counters of a hub: one type for each model, and what all its handles share.

use std::any::{TypeId, type_name};
use std::collections::HashMap;

use super::CounterKey;
use super::seeds::Seeds;
use crate::error::BuildError;
use crate::hub::Core;
use crate::resilience::LoadLimit;
use crate::sync::{Mutex, PoisonError};

/// All of a hub.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    by_model: Mutex<HashMap<&'static str, Kind>>,
}

/// What the handles of a kind share.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    type_id: TypeId,
    type_name: &'static str,
    pub(super) limit: LoadLimit,
    pub(super) seeds: Seeds,
}

impl Kinds {
    /// The kind of a type, which is taken into the hub if it was not.
    pub(super) fn kind<K: CounterKey>(&self, core: &Core) -> Result<Kind, BuildError> {
        let second = type_name::<K>();
        let taken = |first| BuildError::DuplicateModel { model: K::MODEL, first, second };
        if let Some(first) = core.models.type_name_of(K::MODEL) {
            return Err(taken(first));
        }
        let mut kinds = self.by_model.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry(K::MODEL).or_insert_with(|| Kind {
            type_id: TypeId::of::<K>(),
            type_name: second,
            limit: LoadLimit::new(core.options.loads_per_model_max, core.options.load_wait),
            seeds: Seeds::new(),
        });
        if kind.type_id == TypeId::of::<K>() { Ok(kind.clone()) } else { Err(taken(kind.type_name)) }
    }

    /// Whose name it is.
    pub(crate) fn type_name_of(&self, model: &str) -> Option<&'static str> {
        let kinds = self.by_model.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.get(model).map(|kind| kind.type_name)
    }
}
