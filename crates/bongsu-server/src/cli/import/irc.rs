//! `bongsu import irc`.

use std::path::PathBuf;

use anyhow::Result;
use bongsu_import::irc::{Slice, slice_files};
use clap::Args;

use super::{Target, Unit};

/// IRC logs: `[HH:MM] <nick> text`, or `channel YYYY-MM-DD [HH:MM:SS] <nick> text`.
///
/// A file becomes a group room with the key irc:<file name without ending>, its authors become members with ids
/// irc:<nick>. A file without a date in its lines is named YYYY-MM-DD…
/// Replies are taken from <name>.annotation.txt beside it.
#[derive(Debug, Args)]
pub(super) struct Irc {
    /// Files, or folders that are searched for *.raw.txt and *.ascii.txt.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Irc {
    pub(super) fn units(&self) -> Result<Vec<Unit>> {
        let files = slice_files(&self.paths)?;
        Ok(files.into_iter().map(|file| Unit::new(&file.clone(), move || Slice::open(&file))).collect())
    }
}
