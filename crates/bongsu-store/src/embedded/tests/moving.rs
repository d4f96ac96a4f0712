//! Backup and restore: what comes back, and what is refused.

use std::fs;
use std::path::Path;

use bongsu_types::{CommitNo, DeviceId, DeviceInfo, Epoch, ManualClock, Millis, Seq};

use super::{START, group, message, open, user};
use crate::embedded::table::Table;
use crate::embedded::{BackupError, EmbeddedStore, OpenError, View, restore};
use crate::{Devices, Hello, Messages, Tail};

fn clock() -> ManualClock {
    ManualClock::at(START)
}

async fn with_messages(dir: &Path, count: u32) -> EmbeddedStore {
    let store = open(dir);
    let room = group(&store).await;
    for number in 0..count {
        store.append(message(room, &number.to_string())).await.unwrap();
    }
    store
}

/// Every row of a store but those that say who and when it is.
fn rows(store: &EmbeddedStore) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let view = View::of(&store.shared.tables);
    let mut rows = Vec::new();
    for table in Table::ALL.iter().filter(|table| **table != Table::Meta) {
        let mut visit = |key: &[u8], value: &[u8]| {
            rows.push((*table, key.to_vec(), value.to_vec()));
            Ok(std::ops::ControlFlow::Continue(()))
        };
        view.scan_all(*table, &[], &mut visit).unwrap();
    }
    rows
}

fn hello(epoch: Epoch) -> Hello {
    Hello {
        user: user("bob"),
        device: DeviceInfo {
            id: DeviceId::new("phone").unwrap(),
            platform: String::new(),
            name: String::new(),
        },
        issued_ms: Millis(1),
        epoch: Some(epoch),
        cursors: Vec::new(),
        profile: None,
    }
}

#[tokio::test]
async fn a_restored_store_has_every_row_and_a_raised_epoch() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = target.path().join("backup");
    let store = with_messages(dir.path(), 300).await;
    store.hello(hello(Epoch(1))).await.unwrap();
    let saved = store.backup(&file).await.unwrap();
    let expected = rows(&store);
    let later = store.append(message(first_room(&store), "after the backup")).await.unwrap();
    assert_eq!(later.seq, Seq(302));
    assert_eq!(saved.commit, CommitNo(302));
    assert_eq!(saved.bytes, fs::metadata(&file).unwrap().len());
    assert!(!target.path().join("backup.tmp").exists());

    let new = target.path().join("new");
    let restored = restore(&file, &new, &clock()).unwrap();
    assert_eq!((restored.epoch, restored.commit), (Epoch(START.0 / 1000), CommitNo(302)));
    assert_eq!(restored.rows, saved.rows);
    let store = open(&new);
    assert_eq!(store.epoch(), restored.epoch);
    assert!(rows(&store) == expected, "a row came back different");
    assert!(store.verify(&mut |_| {}).unwrap().is_clean());

    let resumed = store.hello(hello(Epoch(1))).await.unwrap();
    assert!(!resumed.resumed, "positions of another epoch mean nothing");
    assert_eq!(resumed.cursors, [(first_room(&store), Seq(301))]);
    let resumed = store.hello(hello(restored.epoch)).await.unwrap();
    assert!(resumed.resumed);
}

fn first_room(store: &EmbeddedStore) -> bongsu_types::RoomId {
    let key = rows(store).into_iter().find(|(table, ..)| *table == Table::Room).unwrap().1;
    crate::embedded::keys::room_of(&key).unwrap()
}

#[tokio::test]
async fn a_backup_taken_while_others_write_is_one_snapshot() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = std::sync::Arc::new(with_messages(dir.path(), 50).await);
    let room = first_room(&store);
    let writer = std::sync::Arc::clone(&store);
    let writes = tokio::spawn(async move {
        for number in 0..200 {
            writer.append(message(room, &format!("w{number}"))).await.unwrap();
        }
    });
    for number in 0..3 {
        let file = target.path().join(number.to_string());
        store.backup(&file).await.unwrap();
        let new = target.path().join(format!("new{number}"));
        restore(&file, &new, &clock()).unwrap();
        let report = open(&new).verify(&mut |_| {}).unwrap();
        assert!(report.is_clean(), "{:?}", report.faults);
    }
    writes.await.unwrap();
}

#[tokio::test]
async fn a_backup_replaces_no_file_and_a_restore_no_directory() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = target.path().join("backup");
    let store = with_messages(dir.path(), 3).await;
    store.backup(&file).await.unwrap();
    assert!(matches!(store.backup(&file).await, Err(BackupError::FileExists { .. })));
    let refused = restore(&file, dir.path(), &clock());
    assert!(matches!(refused, Err(BackupError::DirectoryNotEmpty { .. })));
}

#[tokio::test]
async fn a_damaged_backup_restores_nothing() {
    let (dir, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = target.path().join("backup");
    with_messages(dir.path(), 3).await.backup(&file).await.unwrap();
    let whole = fs::read(&file).unwrap();
    let new = target.path().join("new");
    let mut damaged: Vec<Vec<u8>> =
        [0, 10, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec()).to_vec();
    damaged.push([&whole[..], b"more"].concat());
    for at in (0..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(&file, &bytes).unwrap();
        let refused = restore(&file, &new, &clock()).unwrap_err();
        assert!(
            matches!(refused, BackupError::Damaged { .. } | BackupError::UnknownSchema { .. }),
            "{refused}"
        );
        assert!(!new.exists(), "nothing is written before the file is proven whole");
    }
}

#[tokio::test]
async fn an_unfinished_restore_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("restoring")).unwrap();
    let refused = EmbeddedStore::open(dir.path(), super::options()).unwrap_err();
    assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused}");
}
