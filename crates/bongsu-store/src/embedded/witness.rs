//! The witness: a small file beside the store that remembers how far it was.
//!
//! After a crash the engine cuts its journal at the first record that does not parse. A torn end is right to cut: it was
//! never acknowledged. But a hole in the middle would silently take acknowledged commits with it. So the last durable
//! commit is written, synced, to a file of its own, at most a second after the commit, and a store that opens behind
//! its witness is refused.
//!
//! Layout: `BNGWITN1`, store id (16 bytes), epoch, commit (8 bytes big endian each), xxh3 of all that (8 bytes).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bongsu_types::{CommitNo, Epoch};
use tracing::warn;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"BNGWITN1";
const FILE: &str = "witness";
const BYTES: usize = 48;

/// Between two writes: with the write itself under a second.
const WRITE_EVERY: Duration = Duration::from_millis(500);

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Testimony {
    pub(crate) store: [u8; 16],
    pub(crate) epoch: Epoch,
    pub(crate) commit: CommitNo,
}

#[derive(Debug)]
struct Progress {
    testimony: Testimony,
    written: CommitNo,
    stopping: bool,
}

/// Keeps the witness file up to date from a thread of its own.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    path: Arc<PathBuf>,
    progress: Arc<(Mutex<Progress>, Condvar)>,
}

impl Witness {
    /// Writes the file and starts its thread.
    pub(crate) fn start(dir: &Path, testimony: Testimony) -> io::Result<(Self, JoinHandle<()>)> {
        write(dir, &testimony)?;
        let progress = Progress { testimony, written: testimony.commit, stopping: false };
        let witness = Self {
            path: Arc::new(dir.to_owned()),
            progress: Arc::new((Mutex::new(progress), Condvar::new())),
        };
        let writer = witness.clone();
        let thread = std::thread::Builder::new().name("store-witness".into()).spawn(move || writer.run())?;
        Ok((witness, thread))
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This commit is durable.
    pub(crate) fn note(&self, commit: CommitNo) {
        let mut progress = self.lock();
        let was_idle = progress.testimony.commit == progress.written;
        progress.testimony.commit = commit;
        if was_idle {
            self.progress.1.notify_one();
        }
    }

    /// Writes what is noted and ends the thread.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.progress.1.notify_one();
    }

    fn run(&self) {
        loop {
            let (testimony, stopping) = self.wait_for_news();
            match write(&self.path, &testimony) {
                Ok(()) => self.lock().written = testimony.commit,
                // The store itself is well; a loss would go unnoticed until a later write succeeds.
                Err(error) => warn!(%error, "cannot write the witness file"),
            }
            if stopping {
                return;
            }
            self.pause();
        }
    }

    fn wait_for_news(&self) -> (Testimony, bool) {
        let idle = |now: &mut Progress| now.testimony.commit == now.written && !now.stopping;
        let progress = self.progress.1.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        (progress.testimony, progress.stopping)
    }

    fn pause(&self) {
        let paused = self.progress.1.wait_timeout_while(self.lock(), WRITE_EVERY, |now| !now.stopping);
        drop(paused.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Reads the file: `None` when there is none.
pub(crate) fn read(dir: &Path) -> io::Result<Option<Testimony>> {
    let bytes = match fs::read(dir.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the witness file is damaged");
    let bytes: [u8; BYTES] = bytes.try_into().map_err(|_| damaged())?;
    let number = |at: usize| bytes[at..at + 8].try_into().map(u64::from_be_bytes).map_err(|_| damaged());
    if &bytes[..8] != MAGIC || number(BYTES - 8)? != xxh3_64(&bytes[..BYTES - 8]) {
        return Err(damaged());
    }
    let store = bytes[8..24].try_into().map_err(|_| damaged())?;
    Ok(Some(Testimony { store, epoch: Epoch(number(24)?), commit: CommitNo(number(32)?) }))
}

/// Replaces the file, durably: a crash leaves the old one or the new one.
pub(crate) fn write(dir: &Path, testimony: &Testimony) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&testimony.store);
    bytes.extend_from_slice(&testimony.epoch.0.to_be_bytes());
    bytes.extend_from_slice(&testimony.commit.0.to_be_bytes());
    bytes.extend_from_slice(&xxh3_64(&bytes).to_be_bytes());
    let new = dir.join("witness.new");
    let mut file = File::create(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&new, dir.join(FILE))?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTIMONY: Testimony = Testimony { store: [5; 16], epoch: Epoch(2), commit: CommitNo(7) };

    #[test]
    fn the_witness_says_what_was_last_noted_when_it_stops() {
        let dir = tempfile::tempdir().unwrap();
        let (witness, thread) = Witness::start(dir.path(), TESTIMONY).unwrap();
        for commit in 8..=20 {
            witness.note(CommitNo(commit));
        }
        witness.stop();
        thread.join().unwrap();
        assert_eq!(read(dir.path()).unwrap(), Some(Testimony { commit: CommitNo(20), ..TESTIMONY }));
    }

    #[test]
    fn a_damaged_witness_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        write(dir.path(), &TESTIMONY).unwrap();
        let mut bytes = fs::read(dir.path().join(FILE)).unwrap();
        bytes[30] ^= 1;
        fs::write(dir.path().join(FILE), &bytes).unwrap();
        assert_eq!(read(dir.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
