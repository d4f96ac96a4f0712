//! Free space, looked at before it is gone: a full disk refuses writes and leaves everything else well.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info};

/// How long a look at the disk holds: at full speed about 10 MiB are written meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Watches the free space of the data directory.
pub(crate) struct DiskSpace {
    dir: PathBuf,
    floor_bytes: u64,
    looked: Option<Instant>,
    is_low: bool,
}

impl DiskSpace {
    pub(crate) fn of(dir: PathBuf, floor_bytes: u64) -> Self {
        Self { dir, floor_bytes, looked: None, is_low: false }
    }

    /// Whether there is room to write.
    ///
    /// # Errors
    /// What to tell the caller when there is none.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
            self.look();
        }
        if self.is_low {
            let mib = self.floor_bytes >> 20;
            return Err(format!("disk full: less than {mib} MiB are free, writes wait for space"));
        }
        Ok(())
    }

    /// What is free now, for a person to read.
    pub(crate) fn free_mib(&self) -> u64 {
        self.free_bytes().unwrap_or_default() >> 20
    }

    fn free_bytes(&self) -> Option<u64> {
        let space = rustix::fs::statvfs(&self.dir).ok()?;
        Some(space.f_bavail.saturating_mul(space.f_frsize))
    }

    fn look(&mut self) {
        self.looked = Some(Instant::now());
        // A system that cannot say is taken as well: the write itself will tell.
        let Some(free_bytes) = self.free_bytes() else { return };
        let is_low = free_bytes < self.floor_bytes;
        if is_low && !self.is_low {
            error!(
                free_bytes,
                floor_bytes = self.floor_bytes,
                "disk full: writes are refused until space is freed"
            );
        }
        if self.is_low && !is_low {
            info!(free_bytes, "there is space again: writes are taken");
        }
        self.is_low = is_low;
    }
}
