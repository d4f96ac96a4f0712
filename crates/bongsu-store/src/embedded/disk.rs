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
    space: Space,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// Everything is written.
    Enough,
    /// Below the floor: only what keeps clients connected and frees space is written.
    Reserve,
    /// Below a quarter of the floor: nothing is written.
    Nothing,
}

impl DiskSpace {
    pub(crate) fn of(dir: PathBuf, floor_bytes: u64) -> Self {
        Self { dir, floor_bytes, looked: None, space: Space::Enough }
    }

    /// How much room there is.
    pub(crate) fn space(&mut self) -> Space {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
            self.look();
        }
        self.space
    }

    /// What to tell a caller whose write has no room.
    pub(crate) fn refusal(&self) -> String {
        format!("disk full: less than {} MiB are free, writes wait for space", self.floor_bytes >> 20)
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
        let space = match free_bytes {
            free if free >= self.floor_bytes => Space::Enough,
            free if free >= self.floor_bytes / 4 => Space::Reserve,
            _ => Space::Nothing,
        };
        if space != self.space {
            let floor_bytes = self.floor_bytes;
            match space {
                Space::Enough => info!(free_bytes, "there is space again: writes are taken"),
                Space::Reserve => error!(
                    free_bytes,
                    floor_bytes, "disk full: new messages are refused until space is freed"
                ),
                Space::Nothing => {
                    error!(free_bytes, floor_bytes, "disk full: all writes are refused until space is freed")
                }
            }
        }
        self.space = space;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(floor: impl Fn(u64) -> u64) -> Space {
        let dir = std::env::temp_dir();
        let free_bytes = DiskSpace::of(dir.clone(), 0).free_bytes().unwrap();
        DiskSpace::of(dir, floor(free_bytes)).space()
    }

    #[test]
    fn below_the_floor_there_is_a_reserve_and_below_a_quarter_of_it_nothing() {
        // Others write to the disk meanwhile, so the floors stand far from what is free.
        assert_eq!(space(|free_bytes| free_bytes / 2), Space::Enough);
        assert_eq!(space(|free_bytes| free_bytes * 2), Space::Reserve);
        assert_eq!(space(|free_bytes| free_bytes * 8), Space::Nothing);
    }
}
