//! `bongsu restore`: a backup becomes a data directory.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::assemble;
use crate::data_dir::DataDir;

/// Make a data directory from a backup.
///
/// The server must be stopped. The store's epoch is raised, so every client drops what it holds and fetches anew: what
/// was said after the backup is gone, and nobody is shown a mix of both.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Data directory to fill; its store must not exist.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// File that `bongsu backup` wrote.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

impl Restore {
    pub(super) fn run(self) -> Result<()> {
        ensure!(self.from.is_file(), "{} is not a file", self.from.display());
        let data = DataDir::create(&self.data)?;
        ensure!(
            !data.store().exists(),
            "{} exists: stop its server, move it away, and restore again",
            data.store().display()
        );
        let restored = assemble::restore(&data, &self.from).context("nothing was restored")?;
        println!("{restored}");
        Ok(())
    }
}
