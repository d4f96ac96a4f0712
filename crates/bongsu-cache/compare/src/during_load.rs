//! An invalidation that comes while a value is being loaded: does the process tier keep the old value?

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use crate::process::Failure;

const KEY: u64 = 1;
const OLD: u64 = 1;

/// Of those that are nothing but a process tier, through their own way to load once.
pub(crate) async fn compare() -> Result<(), Failure> {
    println!("an invalidation during a load, process tiers alone");
    println!("  {:<28}{}", "quick_cache", kept(quick_cache()));
    println!("  {:<28}{}", "moka", kept(moka()));
    println!("  {:<28}{}", "foyer-memory", kept(foyer().await?));
    Ok(())
}

pub(crate) fn kept(value: Option<u64>) -> &'static str {
    match value {
        Some(_) => "THE OLD VALUE STAYS in the cache",
        None => "the old value is not kept",
    }
}

/// Starts `load` in a thread, runs `remove` in the middle of it, and lets it end.
fn in_the_middle(load: impl FnOnce(Box<dyn FnOnce() -> u64>) + Send + 'static, remove: impl FnOnce()) {
    let (began, has_begun) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let loading = thread::spawn(move || {
        load(Box::new(move || {
            began.send(()).expect("somebody waits");
            may_go.recv().expect("somebody tells");
            OLD
        }));
    });
    has_begun.recv().expect("the load begins");
    remove();
    go.send(()).expect("the load waits");
    loading.join().expect("the load ends");
}

fn quick_cache() -> Option<u64> {
    let cache = Arc::new(quick_cache::sync::Cache::<u64, u64>::new(10));
    let loading = Arc::clone(&cache);
    let load = move |source: Box<dyn FnOnce() -> u64>| {
        let loaded = loading.get_or_insert_with(&KEY, || Ok::<u64, ()>(source()));
        assert_eq!(loaded, Ok(OLD));
    };
    in_the_middle(load, || {
        cache.remove(&KEY);
    });
    cache.get(&KEY)
}

fn moka() -> Option<u64> {
    let cache = moka::sync::Cache::<u64, u64>::new(10);
    let loading = cache.clone();
    let load = move |source: Box<dyn FnOnce() -> u64>| assert_eq!(loading.get_with(KEY, source), OLD);
    in_the_middle(load, || cache.invalidate(&KEY));
    cache.get(&KEY)
}

async fn foyer() -> Result<Option<u64>, Failure> {
    let cache: foyer_memory::Cache<u64, u64> = foyer_memory::CacheBuilder::new(10).build();
    let (began, has_begun) = oneshot::channel();
    let (go, may_go) = oneshot::channel::<()>();
    let loading = cache.clone();
    let load = tokio::spawn(async move {
        let source = || async move {
            began.send(()).expect("somebody waits");
            may_go.await.map(|()| OLD)
        };
        loading.get_or_fetch(&KEY, source).await.map(|entry| *entry.value())
    });
    has_begun.await?;
    cache.remove(&KEY);
    go.send(()).map_err(|()| "the load is gone")?;
    assert_eq!(load.await?.ok(), Some(OLD));
    Ok(cache.get(&KEY).map(|entry| *entry.value()))
}
