//! When the committer fails: nobody is told that all is well, and the hook stops the process.

use std::sync::{Arc, Mutex};

use bongsu_types::{Outcome, Seq};

use super::{group, message, open, options, settings};
use crate::embedded::job::Mutation;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::embedded::{EmbeddedSettings, EmbeddedStore};
use crate::{Messages, Rooms, StoreError, StoreResult, Tail};

/// A bug in a use case, after it wrote something.
struct Panics;

impl Mutation for Panics {
    type Answer = ();

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        transaction.put(Table::Everyone, &[7; 16], Vec::new());
        panic!("a bug in a use case")
    }
}

/// A row that the engine does not take: its key is too long.
struct WritesTheImpossible;

impl Mutation for WritesTheImpossible {
    type Answer = ();

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        transaction.put(Table::Log, &[7; 70_000], Vec::new());
        Ok(())
    }
}

#[tokio::test]
async fn a_command_that_panics_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let (before, failed, after) = tokio::join!(
        store.append(message(room, "before")),
        store.submit(Panics),
        store.append(message(room, "after"))
    );
    assert_eq!((before.unwrap().seq, after.unwrap().seq), (Seq(2), Seq(3)));
    assert!(matches!(failed, Err(StoreError::Failed { outcome: Outcome::NotApplied, .. })));
    let report = store.verify(&mut |_| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
}

#[tokio::test]
async fn a_failed_committer_answers_unknown_and_takes_nothing_in_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let on_fatal = Arc::new(move |reason: &str| hook.lock().unwrap().push(reason.to_owned()));
    let store =
        EmbeddedStore::open_with(dir.path(), options(), EmbeddedSettings { on_fatal, ..settings() }).unwrap();
    let room = group(&store).await;
    store.append(message(room, "kept")).await.unwrap();

    let failed = store.submit(WritesTheImpossible).await.unwrap_err();
    assert!(matches!(failed, StoreError::Failed { outcome: Outcome::Unknown, .. }), "{failed}");
    assert!(store.shutdown().await.is_ok(), "the threads have ended");
    assert_eq!(*told.lock().unwrap(), ["the committer panicked"]);
    for refused in [
        store.append(message(room, "more")).await.unwrap_err(),
        store.member_ids(room).await.unwrap_err(),
        store.last_commit().await.unwrap_err(),
    ] {
        assert!(matches!(refused, StoreError::Failed { outcome: Outcome::NotApplied, .. }), "{refused}");
    }
    drop(store);

    let store = open(dir.path());
    assert_eq!(store.append(message(room, "kept")).await.unwrap().seq, Seq(2));
    assert!(store.verify(&mut |_| {}).unwrap().is_clean());
}

#[tokio::test]
async fn a_refused_command_leaves_no_trace_in_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let limits = store.shared.options.limits.group_members as usize;
    let many: Vec<_> = (0..limits).map(|number| super::user(&format!("u{number}"))).collect();
    let alice = super::user("alice");
    let (refused, appended) =
        tokio::join!(store.add_members(room, &alice, &many), store.append(message(room, "one")));
    assert!(refused.is_err());
    assert_eq!(appended.unwrap().seq, Seq(2));
    assert!(store.verify(&mut |_| {}).unwrap().is_clean());
}
