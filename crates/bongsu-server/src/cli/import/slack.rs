//! `bongsu import slack`.

use std::path::PathBuf;

use bongsu_import::slack::Workspace;
use clap::Args;

use super::{Target, Unit};

/// A Slack workspace: the zip of an export, or the folder it was unpacked to.
///
/// Public channels become channels, private ones and group conversations groups, conversations of two direct rooms, with
/// keys slack:<id>. People become slack:<id>, named as they are shown in Slack. Threads become replies to their first
/// message; edits and reactions are kept; joins, topics and the like are left out. Files are named with their address but
/// without the token in it.
#[derive(Debug, Args)]
pub(super) struct Slack {
    /// The zip or the folder; several workspaces are fine.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Slack {
    pub(super) fn units(&self) -> Vec<Unit> {
        let unit = |path: PathBuf| Unit::new(&path.clone(), move || Workspace::open(&path));
        self.paths.iter().cloned().map(unit).collect()
    }
}
