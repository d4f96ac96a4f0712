//! `bongsu import discord`.

use std::path::PathBuf;

use anyhow::Result;
use bongsu_import::discord::exports;
use clap::Args;

use super::{Target, Unit};

/// Discord channels, as DiscordChatExporter writes them in its JSON format.
///
/// Channels and threads become channels, conversations of two direct rooms, with keys discord:<id>; people become
/// discord:<id>. Replies, edits and reactions are kept (reactions only where the file lists who reacted). The files of a
/// channel that was exported in several parts are put together again.
#[derive(Debug, Args)]
pub(super) struct Discord {
    /// Files, or folders that are searched for *.json.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Discord {
    pub(super) fn units(&self) -> Result<Vec<Unit>> {
        let exports = exports(&self.paths)?;
        Ok(exports.into_iter().map(|found| Unit::new(&found.path, move || found.channel)).collect())
    }
}
