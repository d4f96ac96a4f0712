//! Opening a data directory: lock, recovery, schema, witness; nothing is repaired silently.

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use bongsu_types::{CommitNo, Epoch, Millis, RoomId};
use fjall::{Database, PersistMode};
use tracing::{info, warn};

use super::EmbeddedStore;
use super::coordinator::Coordinator;
use super::disk::DiskSpace;
use super::keys;
use super::options::{EmbeddedSettings, OpenError};
use super::positions::Positions;
use super::queue::Queue;
use super::row::meta::{
    Identity, SCHEMA_VERSION, decode_identity, decode_number, encode_identity, encode_number,
};
use super::shared::Shared;
use super::source::Source;
use super::table::{Table, Tables};
use super::view::View;
use super::witness::{self, Testimony, Witness};
use crate::{StoreError, StoreOptions};

/// Where the engine's own files stand in the data directory.
pub(crate) const DATABASE: &str = "db";
/// Where a restore writes until it is whole.
pub(crate) const RESTORING: &str = "restoring";
const LOCK: &str = "lock";

/// Bytes of journal before rows are written out to drop some: an opening replays all of it.
const JOURNAL_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Commits whose rows are looked at when opening: more than the journals of the engine can hold.
const DENSE_COMMITS_CHECKED: u64 = 1_000_000;

/// Rows of the tail removed at once when a loss is accepted.
const TAIL_ROWS_PER_BATCH: usize = 10_000;

/// Opens a directory, step by step, and says what stood in the way.
pub(crate) fn open(
    dir: &Path,
    options: StoreOptions,
    settings: EmbeddedSettings,
) -> Result<EmbeddedStore, OpenError> {
    let place = Place(dir);
    fs::create_dir_all(dir).map_err(|error| place.system(&error))?;
    let lock = place.lock()?;
    place.refuse_unfinished_restore()?;
    let tables = place.tables(settings.cache_bytes)?;
    let now = options.clock.now_ms();
    let identity = place.identity(&tables, now)?;
    let view = View::of(&tables);
    let last = view.last_commit().map_err(|error| place.corrupt(&error))?;
    let (identity, last) = match place.loss(&view, identity, last)? {
        None => (identity, last),
        Some(reason) if settings.accept_loss => place.accept_loss(&tables, identity, now, &reason)?,
        Some(reason) => return Err(OpenError::Lost { dir: dir.to_owned(), last, reason }),
    };
    drop(view);

    let testimony = Testimony { store: identity.store, epoch: identity.epoch, commit: last };
    let (witness, witness_thread) = Witness::start(dir, testimony).map_err(|error| place.system(&error))?;
    let disk = DiskSpace::of(dir.to_owned(), settings.disk_floor_bytes);
    let positions = Positions::new(settings.positions_bytes);
    let shared = Arc::new(Shared {
        tables,
        identity,
        options,
        settings,
        queue: Queue::default(),
        witness,
        positions,
        last_commit: AtomicU64::new(last.0),
        failed: AtomicBool::new(false),
    });
    let coordinator = Coordinator::new(Arc::clone(&shared), last, disk);
    let committer = std::thread::Builder::new()
        .name("store-committer".into())
        .spawn(move || coordinator.run())
        .map_err(|error| place.system(&error))?;
    info!(epoch = identity.epoch.0, commit = last.0, "store opened");
    Ok(EmbeddedStore::of(shared, committer, witness_thread, lock))
}

/// The data directory, as errors name it.
pub(crate) struct Place<'a>(pub(crate) &'a Path);

impl Place<'_> {
    fn dir(&self) -> PathBuf {
        self.0.to_owned()
    }

    pub(crate) fn system(&self, error: &dyn std::error::Error) -> OpenError {
        OpenError::System { dir: self.dir(), reason: error.to_string() }
    }

    fn corrupt(&self, error: &StoreError) -> OpenError {
        OpenError::Corrupt { dir: self.dir(), reason: error.to_string() }
    }

    /// Held as long as the store is open; the system lets go of it when the process dies.
    pub(crate) fn lock(&self) -> Result<File, OpenError> {
        let path = self.0.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(|error| self.system(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: self.dir() }),
            Err(TryLockError::Error(error)) => Err(self.system(&error)),
        }
    }

    fn refuse_unfinished_restore(&self) -> Result<(), OpenError> {
        if self.0.join(RESTORING).exists() {
            let reason = "a restore did not finish here: empty the directory first".into();
            return Err(OpenError::Corrupt { dir: self.dir(), reason });
        }
        Ok(())
    }

    /// Opens the engine, which replays its journal.
    pub(crate) fn tables(&self, cache_bytes: u64) -> Result<Tables, OpenError> {
        let database = Database::builder(self.0.join(DATABASE))
            .cache_size(cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .open();
        database.and_then(Tables::open).map_err(|error| self.engine(&error))
    }

    fn engine(&self, error: &fjall::Error) -> OpenError {
        let reason = error.to_string();
        match error {
            fjall::Error::Locked => OpenError::InUse { dir: self.dir() },
            fjall::Error::Io(error) if error.kind() != io::ErrorKind::InvalidData => self.system(error),
            fjall::Error::Storage(_)
            | fjall::Error::Io(_)
            | fjall::Error::JournalRecovery(_)
            | fjall::Error::InvalidVersion(_)
            | fjall::Error::Decompress(_)
            | fjall::Error::InvalidTrailer
            | fjall::Error::InvalidTag(_)
            | fjall::Error::Poisoned
            | fjall::Error::KeyspaceDeleted
            | fjall::Error::Unrecoverable
            // The engine's list of errors may grow.
            | _ => OpenError::Corrupt { dir: self.dir(), reason },
        }
    }

    /// Who the store is; a new one is told now.
    fn identity(&self, tables: &Tables, now: Millis) -> Result<Identity, OpenError> {
        let view = View::of(tables);
        let schema = view.row(Table::Meta, keys::SCHEMA, decode_number);
        match schema.map_err(|error| self.corrupt(&error))? {
            Some(SCHEMA_VERSION) => {
                let identity = view.row(Table::Meta, keys::STORE, decode_identity);
                identity.map_err(|error| self.corrupt(&error))?.ok_or_else(|| OpenError::Corrupt {
                    dir: self.dir(),
                    reason: "the store does not say who it is".into(),
                })
            }
            Some(found) => Err(OpenError::UnknownSchema { dir: self.dir(), found, known: SCHEMA_VERSION }),
            None => {
                if let Some(testimony) = witness::read(self.0).map_err(|error| self.system(&error))? {
                    return Err(OpenError::Emptied { dir: self.dir(), seen: testimony.commit });
                }
                // Its bytes are random and its order is of no meaning here: a room id serves as well as any.
                let store = *RoomId::mint(now).as_bytes();
                let identity = Identity { store, epoch: Epoch(1), created_ms: now };
                write_identity(tables, &identity).map_err(|error| self.engine(&error))?;
                Ok(identity)
            }
        }
    }

    /// What of the acknowledged commits is missing, if anything.
    fn loss(&self, view: &View, identity: Identity, last: CommitNo) -> Result<Option<String>, OpenError> {
        match witness::read(self.0) {
            Ok(Some(witness)) if witness.store != identity.store => {
                return Ok(Some("its witness file belongs to another store".into()));
            }
            Ok(Some(witness)) if witness.epoch > identity.epoch => {
                return Ok(Some(format!(
                    "its witness is of epoch {}, the store of {}",
                    witness.epoch, identity.epoch
                )));
            }
            Ok(Some(witness)) if witness.epoch == identity.epoch && witness.commit > last => {
                return Ok(Some(format!(
                    "its witness saw commit {}, the store ends at {last}",
                    witness.commit
                )));
            }
            Ok(Some(_)) => {}
            // A store that crashed before its first commit may have none yet.
            Ok(None) if last == CommitNo::ZERO => {}
            Ok(None) => return Ok(Some("its witness file is missing".into())),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(Some(error.to_string())),
            Err(error) => return Err(self.system(&error)),
        }
        missing_commit(view, last).map_err(|error| self.corrupt(&error))
    }

    /// Makes what is left a new generation. Its tail begins anew: whoever followed it knows another epoch and rebuilds.
    fn accept_loss(
        &self,
        tables: &Tables,
        identity: Identity,
        now: Millis,
        reason: &str,
    ) -> Result<(Identity, CommitNo), OpenError> {
        let last = drop_tail(tables).map_err(|error| self.corrupt(&error))?;
        let identity = Identity { epoch: raised(identity.epoch, now), ..identity };
        warn!(%last, epoch = identity.epoch.0, reason, "loss accepted: the store begins a new epoch");
        write_identity(tables, &identity).map_err(|error| self.engine(&error))?;
        Ok((identity, last))
    }
}

/// Removes every row of the tail; answers the last commit there was, whichever row knows it.
fn drop_tail(tables: &Tables) -> Result<CommitNo, StoreError> {
    let view = View::of(tables);
    let mut last = view.last_commit()?;
    let mut batch = tables.database.batch();
    view.scan_all(Table::Tail, &[], &mut |key, _| {
        last = last.max(super::table::decoded(Table::Tail, key, keys::commit_of(key))?);
        batch.remove(tables.keyspace(Table::Tail), &*Table::Tail.stored_key(key));
        if batch.len() >= TAIL_ROWS_PER_BATCH {
            let full = std::mem::replace(&mut batch, tables.database.batch());
            full.commit().map_err(|error| super::table::unreadable(Table::Tail, &error))?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let key = Table::Meta.stored_key(keys::LAST);
    batch.insert(tables.keyspace(Table::Meta), &*key, encode_number(last.0));
    batch.commit().map_err(|error| super::table::unreadable(Table::Tail, &error))?;
    Ok(last)
}

/// The epoch after `epoch`: no two restores share one.
pub(crate) fn raised(epoch: Epoch, now: Millis) -> Epoch {
    Epoch((epoch.0 + 1).max(now.0 / 1000))
}

/// A hole in the numbers of the last commits: a journal that lost its middle.
fn missing_commit(view: &View, last: CommitNo) -> Result<Option<String>, StoreError> {
    let from = CommitNo(last.0.saturating_sub(DENSE_COMMITS_CHECKED));
    let mut before: Option<CommitNo> = None;
    let mut missing = None;
    view.scan_all(Table::Tail, &keys::commit(from), &mut |key, _| {
        let commit = super::table::decoded(Table::Tail, key, keys::commit_of(key))?;
        if let Some(before) = before.filter(|before| before.next() != commit) {
            missing = Some(format!("commits {} to {} are missing", before.next(), commit.prev()));
            return Ok(ControlFlow::Break(()));
        }
        before = Some(commit);
        Ok(ControlFlow::Continue(()))
    })?;
    if missing.is_none() && before.is_some_and(|before| before != last) {
        let end = before.unwrap_or_default();
        missing = Some(format!("the store ends at commit {last}, its tail at {end}"));
    }
    Ok(missing)
}

/// Writes who the store is, durably.
pub(crate) fn write_identity(tables: &Tables, identity: &Identity) -> Result<(), fjall::Error> {
    let mut batch = tables.database.batch().durability(Some(PersistMode::SyncAll));
    let meta = tables.keyspace(Table::Meta);
    batch.insert(meta, &*Table::Meta.stored_key(keys::SCHEMA), encode_number(SCHEMA_VERSION));
    batch.insert(meta, &*Table::Meta.stored_key(keys::STORE), encode_identity(identity));
    batch.commit()
}
