//! `bongsu import mattermost`.

use std::path::PathBuf;

use bongsu_import::mattermost::Export;
use clap::Args;

use super::{Target, Unit};

/// A Mattermost bulk export: its JSON lines, or the zip with them.
///
/// Open channels become channels, private ones groups, direct channels of two direct rooms; keys are
/// mattermost:<team>/<channel>, people mattermost:<username>. Replies follow their post; edits and reactions are kept.
#[derive(Debug, Args)]
pub(super) struct Mattermost {
    /// The .jsonl or the .zip.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Mattermost {
    pub(super) fn units(&self) -> Vec<Unit> {
        let unit = |path: PathBuf| Unit::new(&path.clone(), move || Export::open(&path));
        self.paths.iter().cloned().map(unit).collect()
    }
}
