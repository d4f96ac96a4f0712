//! `bongsu backup`: the whole store as one file, while the server runs or not.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::admin::{self, Order};
use crate::assemble;
use crate::data_dir::DataDir;

/// Write a backup of the store to one file.
///
/// Asks the running server through DIR/admin.sock, which goes on serving; opens the store itself if none runs. The file
/// appears under its name only when it is complete and on disk. Secrets are not in it: keep DIR/token.secret and
/// DIR/server.key elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// File to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Backup {
    pub(super) fn run(self) -> Result<()> {
        let data = DataDir::existing(&self.data)?;
        ensure!(!self.to.exists(), "{} exists: name a new file", self.to.display());
        // The server has a working directory of its own.
        let to = std::path::absolute(&self.to).context("--to")?;
        super::runtime()?.block_on(async {
            let written = match admin::ask(&data, &Order::Backup { to: to.clone() }).await? {
                Some(answer) => answer,
                None => assemble::backup_offline(&data, &to).await?,
            };
            println!("{written}");
            Ok(())
        })
    }
}
