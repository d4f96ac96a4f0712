//! Reads of many in the order asked: for callers that put answers beside what they have. When the process tier has them
//! all, nothing is allocated but the answer.

use std::collections::HashMap;
use std::sync::Arc;

use super::Cache;
use super::answer::Loaded;
use crate::error::LoadError;
use crate::l1::Look;
use crate::model::{Cached, IdText};

impl<T: Cached> Cache<T> {
    /// Like [`Cache::get_many_or_load`], in the order of `ids`: `None` for those without a value.
    ///
    /// # Errors
    /// As [`Cache::get_or_load`]: when one of the ids has no answer.
    pub async fn get_each_or_load<E, L, F, Fut>(
        &self,
        ids: &[T::Id],
        load: F,
    ) -> Result<Vec<Option<Arc<T>>>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: Into<Loaded<T>>,
        F: Fn(Vec<T::Id>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HashMap<T::Id, L>, E>> + Send + 'static,
    {
        let mut values = Vec::with_capacity(ids.len());
        let mut missing = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            match self.look(self.model().hash(&IdText::of(id))) {
                Look::Fresh(entry) | Look::Early(entry) => values.push(self.hit(entry, false).into_value()),
                Look::Stale(_) | Look::Nothing => {
                    missing.push((place, id.clone()));
                    values.push(None);
                }
            }
        }
        if missing.is_empty() {
            return Ok(values);
        }
        let (places, ids): (Vec<usize>, Vec<T::Id>) = missing.into_iter().unzip();
        // Boxed, so that a hit does not carry the room of a miss.
        let loaded = Box::pin(self.get_many_or_load(&ids, load)).await?;
        for (place, id) in places.into_iter().zip(&ids) {
            values[place] = loaded.get(id).cloned();
        }
        Ok(values)
    }
}
