//! Directories of servers. What a killed test process left behind, the next one removes.

use std::path::Path;
use std::sync::Once;
use std::{env, fs, process};

use tempfile::TempDir;

const PREFIX: &str = "bongsu-testbed-";

/// A temporary directory, removed with this value.
#[derive(Debug)]
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn create() -> Directory {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| sweep(&env::temp_dir()));
        let prefix = format!("{PREFIX}{}-", process::id());
        Directory(TempDir::with_prefix(prefix).expect("a temporary directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Removes the directories of processes that are no more. Servers shared by all tests of a process are never dropped,
/// so a process that ends well leaves theirs too.
fn sweep(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else { return };
    for entry in entries.flatten() {
        if owner(&entry.file_name().to_string_lossy()).is_some_and(is_gone) {
            // Another test process may sweep at the same time, or the directory may be another user's.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// The process that created a directory of this name, if it is one of ours.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

/// Without `/proc` no one can tell, and everything is kept.
fn is_gone(process: u32) -> bool {
    Path::new("/proc/self").exists() && !Path::new("/proc").join(process.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_dead_processes_left_is_swept() {
        let place = TempDir::new().unwrap();
        // Linux numbers processes up to 2^22.
        let dead = format!("{PREFIX}4194305-x");
        let living = format!("{PREFIX}{}-x", process::id());
        let names = [dead.as_str(), living.as_str(), "bongsu-testbed-notes", "other"];
        for name in names {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        sweep(place.path());
        let left: Vec<_> = names.into_iter().filter(|name| place.path().join(name).exists()).collect();
        assert_eq!(left, names[1..]);
    }
}
