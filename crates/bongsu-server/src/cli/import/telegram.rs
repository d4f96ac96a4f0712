//! `bongsu import telegram`.

use std::path::PathBuf;

use anyhow::Result;
use bongsu_import::telegram::{Export, exports};
use bongsu_import::{Input, UtcOffset};
use clap::Args;

use super::{Target, Unit};

/// Telegram Desktop's export in its JSON format: result.json of one chat or of the whole account.
///
/// Private chats become direct rooms, groups groups, channels and public groups channels; people become
/// telegram:user<number>. Replies and edits are kept; of reactions those whose people the file names.
#[derive(Debug, Args)]
pub(super) struct Telegram {
    /// Files, or folders that are searched for result.json.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The exporter's zone, for exports before 2022: newer ones say it.
    #[arg(long, value_name = "±HH:MM", default_value = "+00:00", allow_hyphen_values = true)]
    utc_offset: UtcOffset,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Telegram {
    pub(super) fn units(&self) -> Result<Vec<Unit>> {
        let offset = self.utc_offset;
        let unit =
            |path: PathBuf| Unit::new(&path.clone(), move || Ok(Export::new(Input::file(&path)?, offset)));
        Ok(exports(&self.paths)?.into_iter().map(unit).collect())
    }
}
