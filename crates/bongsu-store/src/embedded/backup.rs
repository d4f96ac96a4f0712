//! A backup: one snapshot of every row in one file, taken while the store works.
//!
//! Layout: the header (`BNGBACK1`, layout number, store id, epoch, last commit, when; numbers are 8 bytes big endian),
//! then blocks, then the end. A block is a 1, the length of its payload (4 bytes), the payload and its xxh3 (8 bytes);
//! the payload is the length of a table's name (1 byte), the name, and rows: length of the key (4 bytes), key, length
//! of the value (4 bytes), value. The end is a 0, the number of rows, and the xxh3 of everything before it.
//!
//! The file appears under its name only once it is whole and synced.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bongsu_types::{CommitNo, Epoch, Millis};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::row::meta::{Identity, SCHEMA_VERSION};
use super::source::Source;
use super::table::Table;
use super::{EmbeddedStore, View};
use crate::StoreError;

pub(super) const MAGIC: &[u8; 8] = b"BNGBACK1";
pub(super) const HEADER_BYTES: usize = 8 + 8 + 16 + 8 + 8 + 8;
pub(super) const BLOCK: u8 = 1;
pub(super) const END: u8 = 0;

/// Payload of a block before it is written out; a single row may make it longer.
const BLOCK_BYTES: usize = 1024 * 1024;

/// Why there is no backup, or no restored store.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A backup never replaces a file.
    #[error("{file} exists already: name another file")]
    FileExists {
        /// The file.
        file: PathBuf,
    },
    /// A restore never mixes with what is there.
    #[error("{dir} is not empty: a backup is restored into a new directory")]
    DirectoryNotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// The file is not what was written.
    #[error("{file} is no whole backup: {reason}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by another version of the program.
    #[error(
        "{file} has layout {found}, this program knows layout {known}: restore it with the version that wrote it"
    )]
    UnknownSchema {
        /// The file.
        file: PathBuf,
        /// Layout found.
        found: u64,
        /// Layout known.
        known: u64,
    },
    /// The system refused.
    #[error("cannot work with {path}: {reason}")]
    System {
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// Generation of the store: after a restore that of the new one.
    pub epoch: Epoch,
    /// Last commit in it.
    pub commit: CommitNo,
    /// Rows in it.
    pub rows: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) identity: Identity,
    pub(super) commit: CommitNo,
}

impl EmbeddedStore {
    /// Writes one snapshot to a new file, while the store works.
    ///
    /// # Errors
    /// When the file exists, or the system or the store refuses. Then there is no file of that name.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, BackupError> {
        let view = self.view()?;
        let (to, identity) = (to.to_owned(), self.shared.identity);
        let done = tokio::task::spawn_blocking(move || write_file(&view, identity, &to)).await;
        done.unwrap_or_else(|error| Err(StoreError::not_applied(error.to_string()).into()))
    }
}

fn write_file(view: &View, identity: Identity, to: &Path) -> Result<BackupReport, BackupError> {
    if to.exists() {
        return Err(BackupError::FileExists { file: to.to_owned() });
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let written = write_rows(view, identity, &unfinished).and_then(|report| {
        fs::rename(&unfinished, to).map_err(|error| system(to, &error))?;
        sync_folder_of(to).map_err(|error| system(to, &error))?;
        Ok(report)
    });
    if written.is_err()
        && let Err(error) = fs::remove_file(&unfinished)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "cannot remove an unfinished backup");
    }
    written
}

fn write_rows(view: &View, identity: Identity, file: &Path) -> Result<BackupReport, BackupError> {
    let commit = view.last_commit()?;
    let refused = |error: io::Error| system(file, &error);
    let mut out = Output::create(file).map_err(refused)?;
    out.header(&Header { identity, commit }).map_err(refused)?;
    for table in Table::ALL {
        let mut block = Block::of(*table);
        view.scan_all(*table, &[], &mut |key, value| {
            block.row(key, value);
            if block.payload.len() >= BLOCK_BYTES {
                let full = std::mem::replace(&mut block, Block::of(*table));
                out.block(&full)
                    .map_err(|error| StoreError::not_applied(format!("cannot write the backup: {error}")))?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        out.block(&block).map_err(refused)?;
    }
    let (rows, bytes) = out.finish().map_err(refused)?;
    Ok(BackupReport { epoch: identity.epoch, commit, rows, bytes })
}

/// Rows of one table on their way to the file.
struct Block {
    payload: Vec<u8>,
    rows: u64,
}

impl Block {
    fn of(table: Table) -> Self {
        let name = table.name().as_bytes();
        let mut payload = vec![name.len() as u8];
        payload.extend_from_slice(name);
        Self { payload, rows: 0 }
    }

    fn row(&mut self, key: &[u8], value: &[u8]) {
        for part in [key, value] {
            self.payload.extend_from_slice(&(part.len() as u32).to_be_bytes());
            self.payload.extend_from_slice(part);
        }
        self.rows += 1;
    }
}

/// The file being written, with the checksum of all of it.
struct Output {
    file: BufWriter<File>,
    hash: Xxh3,
    rows: u64,
    bytes: u64,
}

impl Output {
    /// Only its owner reads a backup: it holds every message.
    fn create(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        Ok(Self { file: BufWriter::new(file), hash: Xxh3::new(), rows: 0, bytes: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn header(&mut self, header: &Header) -> io::Result<()> {
        let Identity { store, epoch, created_ms } = header.identity;
        self.write(MAGIC)?;
        self.write(&SCHEMA_VERSION.to_be_bytes())?;
        self.write(&store)?;
        for number in [epoch.0, header.commit.0, created_ms.0] {
            self.write(&number.to_be_bytes())?;
        }
        Ok(())
    }

    fn block(&mut self, block: &Block) -> io::Result<()> {
        if block.rows == 0 {
            return Ok(());
        }
        self.rows += block.rows;
        self.write(&[BLOCK])?;
        self.write(&(block.payload.len() as u32).to_be_bytes())?;
        self.write(&block.payload)?;
        self.write(&xxh3_64(&block.payload).to_be_bytes())
    }

    /// Writes the end and syncs the file.
    fn finish(mut self) -> io::Result<(u64, u64)> {
        self.write(&[END])?;
        self.write(&self.rows.to_be_bytes())?;
        let hash = self.hash.digest();
        self.write(&hash.to_be_bytes())?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok((self.rows, self.bytes))
    }
}

/// Makes a new name in a folder durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

pub(super) fn system(path: &Path, error: &dyn std::error::Error) -> BackupError {
    BackupError::System { path: path.to_owned(), reason: error.to_string() }
}

/// The header of a file, from its bytes.
pub(super) fn read_header(bytes: &[u8; HEADER_BYTES], file: &Path) -> Result<Header, BackupError> {
    let number = |at: usize| {
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[at..at + 8]);
        u64::from_be_bytes(number)
    };
    if &bytes[..8] != MAGIC {
        return Err(BackupError::Damaged {
            file: file.to_owned(),
            reason: "it does not begin like a backup".into(),
        });
    }
    if number(8) != SCHEMA_VERSION {
        let (file, found, known) = (file.to_owned(), number(8), SCHEMA_VERSION);
        return Err(BackupError::UnknownSchema { file, found, known });
    }
    let mut store = [0; 16];
    store.copy_from_slice(&bytes[16..32]);
    let identity = Identity { store, epoch: Epoch(number(32)), created_ms: Millis(number(48)) };
    Ok(Header { identity, commit: CommitNo(number(40)) })
}
