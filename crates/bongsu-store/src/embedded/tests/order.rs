//! Queue order, batches, and what a failure leaves.

use std::sync::{Arc, Mutex};

use bongsu_types::{Committed, Fact, Seq};

use super::{group, message, open, options, settings};
use crate::embedded::EmbeddedStore;
use crate::{CommitObserver, Messages, StoreOptions, Tail};

#[derive(Default)]
struct Seen(Mutex<Vec<Arc<Committed>>>);

impl CommitObserver for Seen {
    fn committed(&self, committed: &Arc<Committed>) {
        self.0.lock().unwrap().push(Arc::clone(committed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_commit_in_the_order_they_were_first_polled() {
    let dir = tempfile::tempdir().unwrap();
    let seen = Arc::new(Seen::default());
    let options = StoreOptions { observer: Arc::clone(&seen) as _, ..options() };
    let store = EmbeddedStore::open_with(dir.path(), options, settings()).unwrap();
    let room = group(&store).await;
    let mut calls = Vec::new();
    for number in 0..500 {
        let mut call = Box::pin(store.append(message(room, &number.to_string())));
        if let std::task::Poll::Ready(done) = poll_once(&mut call).await {
            assert_eq!(done.unwrap().seq, Seq(number + 2));
            continue;
        }
        calls.push((number, call));
    }
    for (number, call) in calls {
        assert_eq!(call.await.unwrap().seq, Seq(number + 2));
    }
    let seen = seen.0.lock().unwrap();
    let commits: Vec<u64> = seen.iter().map(|committed| committed.commit.0).collect();
    assert_eq!(commits, (1..=501).collect::<Vec<_>>());
    let seqs = seen.iter().flat_map(|committed| &committed.facts).filter_map(|fact| match fact {
        Fact::Record(record) => Some(record.seq.0),
        _ => None,
    });
    assert_eq!(seqs.collect::<Vec<_>>(), (1..=501).collect::<Vec<_>>());
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)))
        .await
}

#[tokio::test]
async fn the_same_key_twice_in_one_batch_is_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let before = store.last_commit().await.unwrap();
    let (first, second) =
        tokio::join!(store.append(message(room, "same")), store.append(message(room, "same")));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.seq, first.duplicate), (Seq(2), false));
    assert_eq!((second.seq, second.duplicate), (Seq(2), true));
    assert_eq!(store.last_commit().await.unwrap(), before.next());
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_leaves_reads_well() {
    let dir = tempfile::tempdir().unwrap();
    let room = {
        let store = open(dir.path());
        let room = group(&store).await;
        store.append(message(room, "kept")).await.unwrap();
        room
    };
    let full = super::EmbeddedSettings { disk_floor_bytes: u64::MAX, ..settings() };
    let store = EmbeddedStore::open_with(dir.path(), options(), full).unwrap();
    let refused = store.append(message(room, "more")).await.unwrap_err();
    assert!(refused.to_string().contains("disk full"), "{refused}");
    assert!(matches!(refused, crate::StoreError::Failed { outcome: bongsu_types::Outcome::NotApplied, .. }));
    assert_eq!(store.records(room, Seq(1), 10, 1_000).await.unwrap().records.len(), 1);
}
