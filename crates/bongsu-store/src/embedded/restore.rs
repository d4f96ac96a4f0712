//! Restoring a backup into a new directory, as a new generation of the store.
//!
//! The file is read twice: once to prove that it is whole, once to write its rows. They are written into a folder of
//! another name, which gets the engine's name as the last step: a restore that was interrupted never opens as a store.
//! The raised epoch tells every client to fetch anew; cursors of devices belong to the epoch they were registered in,
//! so they need no rewriting.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use bongsu_types::{Clock, CommitNo};
use fjall::{Database, PersistMode};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::backup::{
    BLOCK, BackupError, BackupReport, END, HEADER_BYTES, Header, read_header, sync_folder_of, system,
};
use super::open::{DATABASE, RESTORING, raised, write_identity};
use super::row::meta::Identity;
use super::table::{Table, Tables};
use super::witness::{self, Testimony};

/// Payload of a block that is believed: no row is near as long.
const BLOCK_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Writes a backup into an empty or new directory. The restored store has a raised epoch. Blocks.
///
/// # Errors
/// When the file is not whole or of another layout, the directory is not empty, or the system refuses. Nothing opens
/// as a store then.
pub fn restore(from: &Path, dir: &Path, clock: &dyn Clock) -> Result<BackupReport, BackupError> {
    check_empty(dir)?;
    // Prove the whole file before the first row is written.
    read_file(from, &mut |_, _| Ok(()))?;
    fs::create_dir_all(dir).map_err(|error| system(dir, &error))?;
    let unfinished = dir.join(RESTORING);
    let report = write_store(from, &unfinished, clock)?;
    let Identity { store, epoch, .. } = report.identity;
    witness::write(dir, &Testimony { store, epoch, commit: report.commit })
        .map_err(|error| system(dir, &error))?;
    let database = dir.join(DATABASE);
    fs::rename(&unfinished, &database).map_err(|error| system(&database, &error))?;
    sync_folder_of(&database).map_err(|error| system(&database, &error))?;
    Ok(BackupReport { epoch, commit: report.commit, rows: report.rows, bytes: report.bytes })
}

fn check_empty(dir: &Path) -> Result<(), BackupError> {
    let mut entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(dir, &error)),
    };
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::DirectoryNotEmpty { dir: dir.to_owned() }),
    }
}

/// What was read.
struct Restored {
    identity: Identity,
    commit: CommitNo,
    rows: u64,
    bytes: u64,
}

/// Writes all rows, then who the store is now, and closes it.
fn write_store(from: &Path, folder: &Path, clock: &dyn Clock) -> Result<Restored, BackupError> {
    let refused = |error: fjall::Error| system(folder, &error);
    let tables = Database::builder(folder).open().and_then(Tables::open).map_err(refused)?;
    let mut restored = read_file(from, &mut |table, rows| {
        let mut batch = tables.database.batch();
        for (key, value) in rows {
            batch.insert(tables.keyspace(table), &*table.stored_key(key), *value);
        }
        batch.commit().map_err(refused)
    })?;
    restored.identity.epoch = raised(restored.identity.epoch, clock.now_ms());
    write_identity(&tables, &restored.identity).map_err(refused)?;
    tables.database.persist(PersistMode::SyncAll).map_err(refused)?;
    Ok(restored)
}

/// Keys and values of one block.
type Rows<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Reads a backup from end to end, proving its checksums on the way.
fn read_file(
    from: &Path,
    look: &mut dyn FnMut(Table, &Rows<'_>) -> Result<(), BackupError>,
) -> Result<Restored, BackupError> {
    let mut input = Input::open(from)?;
    let mut header = [0; HEADER_BYTES];
    input.read(&mut header)?;
    let Header { identity, commit } = read_header(&header, from)?;
    let mut restored = Restored { identity, commit, rows: 0, bytes: 0 };
    let mut payload = Vec::new();
    loop {
        match input.number::<1>()? {
            mark if mark == u64::from(BLOCK) => {
                input.block(&mut payload)?;
                let (table, rows) =
                    rows_of(&payload).ok_or_else(|| input.damaged("a block makes no sense"))?;
                restored.rows += rows.len() as u64;
                look(table, &rows)?;
            }
            mark if mark == u64::from(END) => break,
            _ => return Err(input.damaged("neither a block nor the end follows")),
        }
    }
    if input.number::<8>()? != restored.rows {
        return Err(input.damaged("it does not have as many rows as it says"));
    }
    let hash = input.hash.digest();
    if input.number::<8>()? != hash {
        return Err(input.damaged("its checksum is wrong"));
    }
    restored.bytes = input.bytes;
    input.expect_end()?;
    Ok(restored)
}

/// The table and the rows of a block.
fn rows_of(payload: &[u8]) -> Option<(Table, Rows<'_>)> {
    let (name_bytes, rest) = payload.split_first()?;
    let (name, mut rest) = rest.split_at_checked(usize::from(*name_bytes))?;
    let table = *Table::ALL.iter().find(|table| table.name().as_bytes() == name)?;
    let mut rows = Rows::new();
    while !rest.is_empty() {
        let key = part(&mut rest)?;
        rows.push((key, part(&mut rest)?));
    }
    Some((table, rows))
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let (part, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(part)
}

/// A backup being read, with the checksum of what was read.
struct Input<'a> {
    path: &'a Path,
    file: BufReader<File>,
    hash: Xxh3,
    bytes: u64,
}

impl<'a> Input<'a> {
    fn open(path: &'a Path) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(|error| system(path, &error))?;
        Ok(Self { path, file: BufReader::new(file), hash: Xxh3::new(), bytes: 0 })
    }

    fn damaged(&self, reason: &str) -> BackupError {
        BackupError::Damaged { file: self.path.to_owned(), reason: reason.to_owned() }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), BackupError> {
        match self.file.read_exact(into) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged("it ends early"));
            }
            Err(error) => return Err(system(self.path, &error)),
        }
        self.hash.update(into);
        self.bytes += into.len() as u64;
        Ok(())
    }

    /// A big endian number of `N` bytes, at most eight.
    fn number<const N: usize>(&mut self) -> Result<u64, BackupError> {
        let mut bytes = [0; N];
        self.read(&mut bytes)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn block(&mut self, payload: &mut Vec<u8>) -> Result<(), BackupError> {
        let length = self.number::<4>()?;
        if length > BLOCK_BYTES_MAX {
            return Err(self.damaged("a block is too long"));
        }
        payload.resize(length as usize, 0);
        self.read(payload)?;
        if self.number::<8>()? != xxh3_64(payload) {
            return Err(self.damaged("the checksum of a block is wrong"));
        }
        Ok(())
    }

    fn expect_end(&mut self) -> Result<(), BackupError> {
        let mut more = [0; 1];
        match self.file.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("something follows its end")),
            Err(error) => Err(system(self.path, &error)),
        }
    }
}
