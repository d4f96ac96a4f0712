//! Loaders without their types: what a detached load carries along.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::answer::{Failure, Loaded};
use crate::model::Cached;

/// Loads one value, once.
pub(crate) type LoadOne<T> = Box<dyn FnOnce() -> BoxFuture<'static, Result<Loaded<T>, Failure>> + Send>;

/// Loads what there is of many ids.
pub(crate) type LoadMany<T> =
    Arc<dyn Fn(Vec<<T as Cached>::Id>) -> BoxFuture<'static, Result<LoadedMany<T>, Failure>> + Send + Sync>;

/// By id; an id that is not in it has no value.
pub(crate) type LoadedMany<T> = HashMap<<T as Cached>::Id, Loaded<T>>;

pub(crate) fn load_one<T, E, L, F, Fut>(load: F) -> LoadOne<T>
where
    T: Cached,
    E: Send + Sync + 'static,
    L: Into<Loaded<T>>,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<L, E>> + Send + 'static,
{
    Box::new(|| load().map(|loaded| loaded.map(Into::into).map_err(source_failed)).boxed())
}

pub(crate) fn load_many<T, E, L, F, Fut>(load: F) -> LoadMany<T>
where
    T: Cached,
    E: Send + Sync + 'static,
    L: Into<Loaded<T>>,
    F: Fn(Vec<T::Id>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<HashMap<T::Id, L>, E>> + Send + 'static,
{
    Arc::new(move |ids| {
        let kept = |loaded: HashMap<T::Id, L>| loaded.into_iter().map(|(id, one)| (id, one.into())).collect();
        load(ids).map(move |loaded| loaded.map(kept).map_err(source_failed)).boxed()
    })
}

fn source_failed<E: Send + Sync + 'static>(error: E) -> Failure {
    Failure::Source(Arc::new(error) as Arc<dyn Any + Send + Sync>)
}
