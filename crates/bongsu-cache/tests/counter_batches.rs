//! Counters of many: one count for all that is missing, and no batch waits for another one that waits for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_cache::memory::MemoryL2;
use bongsu_cache::{CacheHub, CacheId, Counter, CounterKey, CounterUpdate, IdText, LoadError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Unread(u64);

impl CacheId for Unread {
    fn write(&self, text: &mut IdText) {
        text.number(self.0);
    }
}

impl CounterKey for Unread {
    const MODEL: &'static str = "unread";
}

/// Remembers what it was asked to count: ten times the id, and nothing for id 0.
#[derive(Debug, Clone, Default)]
struct Source(Arc<Mutex<Vec<Vec<u64>>>>);

impl Source {
    fn count(&self, ids: &[Unread]) -> HashMap<Unread, i64> {
        let mut asked: Vec<u64> = ids.iter().map(|id| id.0).collect();
        asked.sort_unstable();
        self.0.lock().unwrap().push(asked);
        ids.iter().filter(|id| id.0 > 0).map(|id| (*id, i64::try_from(id.0).unwrap() * 10)).collect()
    }

    fn asked(&self) -> Vec<Vec<u64>> {
        self.0.lock().unwrap().clone()
    }
}

fn counter(l2: &MemoryL2) -> Counter<Unread> {
    CacheHub::builder("batches").l2(l2.clone()).build().unwrap().counter().unwrap()
}

/// The values of ids, in their order.
async fn values(counter: &Counter<Unread>, source: &Source, ids: &[u64], source_time: Duration) -> Vec<i64> {
    let ids: Vec<Unread> = ids.iter().copied().map(Unread).collect();
    let source = source.clone();
    let count = move |missing: Vec<Unread>| {
        let source = source.clone();
        async move {
            tokio::time::sleep(source_time).await;
            Ok::<_, Infallible>(source.count(&missing))
        }
    };
    let values = counter.get_many_or_seed(&ids, count).await.unwrap();
    ids.iter().map(|id| values[id]).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_counted_at_once_and_kept() {
    let (l2, source) = (MemoryL2::new(), Source::default());
    let counter = counter(&l2);
    assert_eq!(values(&counter, &source, &[1, 2, 0, 1], Duration::ZERO).await, [10, 20, 0, 10]);
    assert_eq!(counter.add_if_present(&Unread(2), 1, None).await, CounterUpdate::Applied(21));
    assert_eq!(values(&counter, &source, &[3, 2, 0], Duration::ZERO).await, [30, 21, 0]);
    assert_eq!(source.asked(), [vec![0, 1, 2], vec![3]]);
}

#[tokio::test(start_paused = true)]
async fn batches_that_want_each_others_counters_do_not_wait_for_each_other() {
    let (l2, source) = (MemoryL2::new(), Source::default());
    let (one, other) = (counter(&l2), counter(&l2));
    let begun = tokio::time::Instant::now();
    let source_time = Duration::from_millis(100);
    let (first, second) = tokio::join!(
        values(&one, &source, &[1, 2, 3], source_time),
        values(&other, &source, &[3, 4, 1], source_time),
    );
    assert_eq!((first, second), (vec![10, 20, 30], vec![30, 40, 10]));
    assert!(begun.elapsed() < 3 * source_time, "{:?}", begun.elapsed());
    let mut asked: Vec<u64> = source.asked().into_iter().flatten().collect();
    asked.sort_unstable();
    assert_eq!(asked, [1, 2, 3, 4], "each is counted once");
}

#[tokio::test(start_paused = true)]
async fn trouble_in_the_shared_tier_is_no_error() {
    let (l2, source) = (MemoryL2::new(), Source::default());
    let counter = counter(&l2);
    l2.set_reachable(false);
    assert_eq!(values(&counter, &source, &[1, 2], Duration::ZERO).await, [10, 20]);
    assert_eq!(values(&counter, &source, &[1, 2], Duration::ZERO).await, [10, 20]);
    assert_eq!(source.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_fails_is_the_callers_error_and_gives_its_leases_back() {
    let (l2, source) = (MemoryL2::new(), Source::default());
    let counter = counter(&l2);
    let failed =
        counter.get_many_or_seed(&[Unread(1)], |_| ready(Err::<HashMap<Unread, i64>, _>("broken"))).await;
    assert!(matches!(failed, Err(LoadError::Source(error)) if *error == "broken"));
    let begun = tokio::time::Instant::now();
    assert_eq!(values(&counter, &source, &[1], Duration::ZERO).await, [10]);
    assert!(begun.elapsed() < Duration::from_millis(100), "nobody waits for a lease");
}
