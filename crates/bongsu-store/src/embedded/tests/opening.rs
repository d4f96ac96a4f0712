//! Opening a directory: what is found again, and what is refused.

use std::fs;
use std::path::Path;

use bongsu_types::{CommitNo, Epoch, Seq};

use super::{group, message, open, options, settings};
use crate::embedded::row::meta::{SCHEMA_VERSION, encode_number};
use crate::embedded::table::Table;
use crate::embedded::{EmbeddedSettings, EmbeddedStore, OpenError, keys};
use crate::{Messages, Tail};

/// What opening said, in words.
fn refusal(dir: &Path) -> OpenError {
    EmbeddedStore::open_with(dir, options(), settings()).unwrap_err()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_replied_is_there_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let room = {
        let store = open(dir.path());
        let room = group(&store).await;
        store.append(message(room, "one")).await.unwrap();
        store.shutdown().await.unwrap();
        assert!(store.append(message(room, "late")).await.is_err(), "a closed store takes nothing in");
        room
    };
    let store = open(dir.path());
    let again = store.append(message(room, "one")).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (Seq(2), true));
    assert_eq!(store.append(message(room, "two")).await.unwrap().seq, Seq(3));
    assert_eq!(store.last_commit().await.unwrap(), CommitNo(3));
    assert_eq!(store.epoch(), Epoch(1));
}

#[tokio::test]
async fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path());
    assert!(matches!(refusal(dir.path()), OpenError::InUse { .. }));
}

#[tokio::test]
async fn an_unknown_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(dir.path());
        let meta = store.shared.tables.keyspace(Table::Meta);
        meta.insert(&*Table::Meta.stored_key(keys::SCHEMA), encode_number(99)).unwrap();
    }
    assert!(matches!(refusal(dir.path()), OpenError::UnknownSchema { found: 99, known: SCHEMA_VERSION, .. }));
}

#[tokio::test]
async fn a_store_behind_its_witness_is_refused_until_the_loss_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let room = {
        let store = open(dir.path());
        let room = group(&store).await;
        store.append(message(room, "one")).await.unwrap();
        room
    };
    copy(dir.path(), old.path());
    {
        let store = open(dir.path());
        store.append(message(room, "two")).await.unwrap();
    }
    fs::copy(dir.path().join("witness"), old.path().join("witness")).unwrap();
    let refused = refusal(old.path());
    assert!(matches!(refused, OpenError::Lost { last: CommitNo(2), .. }), "{refused}");
    assert!(refused.to_string().contains("Restore a backup"), "{refused}");

    let accepting = EmbeddedSettings { accept_loss: true, ..settings() };
    let store = EmbeddedStore::open_with(old.path(), options(), accepting).unwrap();
    assert_eq!(store.epoch(), Epoch(super::START.0 / 1000));
    assert_eq!(store.append(message(room, "other")).await.unwrap().seq, Seq(3));
    drop(store);
    assert_eq!(open(old.path()).last_commit().await.unwrap(), CommitNo(3));
}

#[tokio::test]
async fn a_journal_cut_in_the_middle_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(dir.path());
        let room = group(&store).await;
        for number in 0..50 {
            store.append(message(room, &number.to_string())).await.unwrap();
        }
    }
    let journals = fs::read_dir(dir.path().join("db")).unwrap().map(|entry| entry.unwrap().path());
    let journal = journals.filter(|path| path.extension().is_some_and(|end| end == "jnl")).max().unwrap();
    // Past the making of the store, within its commits.
    let bytes = fs::read(&journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    fs::OpenOptions::new().write(true).open(&journal).unwrap().set_len(end as u64 / 2).unwrap();
    assert!(matches!(refusal(dir.path()), OpenError::Lost { .. }));
}

#[tokio::test]
async fn a_store_without_its_witness_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(dir.path());
        group(&store).await;
    }
    fs::remove_file(dir.path().join("witness")).unwrap();
    assert!(refusal(dir.path()).to_string().contains("witness file is missing"));
}

#[tokio::test]
async fn an_emptied_directory_with_a_witness_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(dir.path());
        group(&store).await;
    }
    fs::remove_dir_all(dir.path().join("db")).unwrap();
    let accepting = EmbeddedSettings { accept_loss: true, ..settings() };
    for settings in [settings(), accepting] {
        let refused = EmbeddedStore::open_with(dir.path(), options(), settings).unwrap_err();
        assert!(matches!(refused, OpenError::Emptied { seen: CommitNo(1), .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_hole_in_the_commits_is_refused_and_once_accepted_is_past() {
    let dir = tempfile::tempdir().unwrap();
    let room = {
        let store = open(dir.path());
        let room = group(&store).await;
        for number in 0..5 {
            store.append(message(room, &number.to_string())).await.unwrap();
        }
        let tail = store.shared.tables.keyspace(Table::Tail);
        tail.remove(keys::commit(CommitNo(3))).unwrap();
        room
    };
    assert!(refusal(dir.path()).to_string().contains("commits 3 to 3 are missing"));
    let accepting = EmbeddedSettings { accept_loss: true, ..settings() };
    drop(EmbeddedStore::open_with(dir.path(), options(), accepting).unwrap());
    let store = open(dir.path());
    assert_eq!(store.append(message(room, "next")).await.unwrap().seq, Seq(7));
    assert_eq!(store.last_commit().await.unwrap(), CommitNo(7));
    assert!(store.verify(&mut |_| {}).unwrap().is_clean());
}
