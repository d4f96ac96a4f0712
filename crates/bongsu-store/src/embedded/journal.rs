//! Zeros written ahead of the engine's journal, so that a sync has only the bytes of its own commit to write.
//!
//! The engine makes a journal file as one long hole and writes into it. A sync after a write into a hole also commits the
//! file system's own journal, and that waits for every other file being written just then: the tables. Bytes over zeros
//! that are on the disk already change nothing but themselves. A reader finds the same: a hole reads as zeros.
//!
//! Only the committer writes to the journal, and only the committer calls this, so nobody writes meanwhile. Zeros go only
//! where the system says that there is a hole up to the end of the file, and never beyond that end: a journal that was
//! recovered and grows by appending is left as it is. Where anything is not as expected nothing is done: commits are as
//! durable without, and slower.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use tracing::debug;

/// Zeros that are kept before the engine, at least: more than most batches.
const AHEAD_BYTES: u64 = 1024 * 1024;

/// Zeros written at once. They are synced with the next commit, which takes a little longer for it.
static PIECE: [u8; 512 * 1024] = [0; 512 * 1024];

/// So near to the end of its file the engine may begin the next one at any time.
const END_BYTES: u64 = 6 * 1024 * 1024;

/// What a row takes in the journal beside its key and value, at most.
pub(crate) const ROW_OVERHEAD_BYTES: u64 = 32;

/// The engine's journal, as far as it is known from outside.
pub(crate) struct Journal {
    dir: PathBuf,
    newest: Option<Newest>,
}

/// The file the engine writes to.
struct Newest {
    number: u64,
    file: File,
    length: u64,
    /// Where the engine writes next, or a little before: rows are counted as larger than they are.
    reached: u64,
    /// There is no hole before this.
    filled: u64,
}

impl Journal {
    /// The journal in the engine's directory.
    pub(crate) fn of(dir: PathBuf) -> Self {
        let mut journal = Self { dir, newest: None };
        journal.newest = journal.newest_number().and_then(|number| journal.open(number));
        journal
    }

    /// A batch of so many bytes was written: zeros follow when few are left.
    pub(crate) fn wrote(&mut self, bytes: u64) {
        let Some(newest) = &mut self.newest else { return };
        newest.reached += bytes;
        let next = newest.number + 1;
        if newest.reached + END_BYTES > newest.length && self.path(next).exists() {
            self.newest = self.open(next);
        }
        let Some(newest) = &mut self.newest else { return };
        if let Err(error) = newest.fill() {
            debug!(%error, "no zeros are written ahead of this journal");
            newest.filled = newest.length;
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number}.jnl"))
    }

    fn newest_number(&self) -> Option<u64> {
        let files = std::fs::read_dir(&self.dir).ok()?;
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        names.filter_map(|name| name.strip_suffix(".jnl")?.parse().ok()).max()
    }

    fn open(&self, number: u64) -> Option<Newest> {
        let file = File::options().write(true).open(self.path(number)).ok()?;
        let length = file.metadata().ok()?.len();
        let filled = seek(&file, SeekFrom::Hole(0)).ok()?;
        Some(Newest { number, file, length, reached: filled, filled })
    }
}

impl Newest {
    /// Writes a piece of zeros unless there are enough.
    fn fill(&mut self) -> io::Result<()> {
        if self.filled >= self.length || self.filled >= self.reached + AHEAD_BYTES {
            return Ok(());
        }
        match seek(&self.file, SeekFrom::Data(self.filled)) {
            // There is nothing but a hole from here on.
            Err(Errno::NXIO) => {}
            Err(error) => return Err(error.into()),
            // The engine is further than it was thought to be: it is where the next hole begins.
            Ok(_) => {
                self.filled = seek(&self.file, SeekFrom::Hole(self.filled))?;
                self.reached = self.filled;
                return Ok(());
            }
        }
        let left = usize::try_from(self.length - self.filled).unwrap_or(usize::MAX);
        let piece = &PIECE[..left.min(PIECE.len())];
        self.file.write_all_at(piece, self.filled)?;
        self.filled += piece.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: u64 = 8 * 1024 * 1024;

    /// Does what the engine does, and tells the bytes of its file.
    struct Engine {
        dir: tempfile::TempDir,
        file: File,
        written: Vec<u8>,
    }

    impl Engine {
        fn begins(length: u64) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let file = File::create_new(dir.path().join("0.jnl")).unwrap();
            file.set_len(length).unwrap();
            Self { dir, file, written: Vec::new() }
        }

        fn writes(&mut self, bytes: usize) -> u64 {
            let batch = vec![b'x'; bytes];
            self.file.write_all_at(&batch, self.written.len() as u64).unwrap();
            self.written.extend(batch);
            bytes as u64
        }

        fn finds(&self, name: &str, length: u64) {
            let found = std::fs::read(self.dir.path().join(name)).unwrap();
            assert_eq!(found.len() as u64, length);
            assert!(found.starts_with(&self.written), "what was written is as it was");
            assert!(found[self.written.len()..].iter().all(|byte| *byte == 0), "the rest is zeros");
        }
    }

    #[test]
    fn zeros_stand_before_the_engine_and_nothing_of_it_is_touched() {
        let mut engine = Engine::begins(LENGTH);
        let mut journal = Journal::of(engine.dir.path().to_owned());
        for batch in 0..200 {
            let bytes = engine.writes(1_000 + batch * 300);
            journal.wrote(bytes);
            let newest = journal.newest.as_ref().unwrap();
            let enough = batch > 3 && newest.filled >= (newest.reached + AHEAD_BYTES / 2).min(LENGTH);
            assert!(batch <= 3 || enough, "batch {batch}: {} of {}", newest.filled, newest.reached);
        }
        engine.finds("0.jnl", LENGTH);
    }

    #[test]
    fn an_engine_that_is_further_than_counted_is_not_overwritten() {
        let mut engine = Engine::begins(LENGTH);
        let mut journal = Journal::of(engine.dir.path().to_owned());
        for _ in 0..20 {
            engine.writes(300_000);
            journal.wrote(1_000);
        }
        engine.finds("0.jnl", LENGTH);
    }

    #[test]
    fn a_journal_that_grows_by_appending_is_left_as_it_is() {
        let mut engine = Engine::begins(0);
        let mut journal = Journal::of(engine.dir.path().to_owned());
        for _ in 0..20 {
            let bytes = engine.writes(10_000);
            journal.wrote(bytes);
        }
        engine.finds("0.jnl", 200_000);
    }

    #[test]
    fn the_next_file_is_followed_once_the_engine_begins_it() {
        let mut engine = Engine::begins(LENGTH);
        let mut journal = Journal::of(engine.dir.path().to_owned());
        let bytes = engine.writes(4 * 1024 * 1024);
        journal.wrote(bytes);
        engine.finds("0.jnl", LENGTH);

        engine.file = File::create_new(engine.dir.path().join("1.jnl")).unwrap();
        engine.file.set_len(LENGTH).unwrap();
        engine.written.clear();
        let bytes = engine.writes(1_000);
        journal.wrote(bytes);
        assert_eq!(journal.newest.as_ref().unwrap().number, 1);
        engine.finds("1.jnl", LENGTH);
    }

    #[test]
    fn without_a_journal_nothing_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::of(dir.path().to_owned());
        journal.wrote(1_000);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
