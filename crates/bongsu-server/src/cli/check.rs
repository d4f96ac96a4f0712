//! `bongsu check`: proves a whole store, or says what is wrong with it.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::assemble::{self, VerifyReport};
use crate::cli::output::show;
use crate::cli::progress::Progress;
use crate::data_dir::DataDir;

/// Verify a whole store: dense positions, heads, indexes, and every unread count against the log.
///
/// The server must be stopped. Prints what was found and exits with 1 on any fault; changes nothing.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Open a store that lost commits (it is behind its witness) and make that loss final: only when there is no
    /// backup to restore.
    #[arg(long)]
    accept_loss: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<()> {
        let data = DataDir::existing(&self.data)?;
        ensure!(data.store().is_dir(), "{} holds no store yet", data.root().display());
        let progress = Progress::steps("checking");
        let report = super::runtime()?.block_on(assemble::check(&data, self.accept_loss, &progress))?;
        progress.done();
        show(&told(&report))?;
        if !report.is_clean() {
            bail!("the store has faults: keep a copy of {}, restore a backup", data.root().display());
        }
        Ok(())
    }
}

fn told(report: &VerifyReport) -> String {
    let counts = &report.counts;
    let mut lines = vec![
        format!("rooms      {:>10}", counts.rooms),
        format!(
            "records    {:>10}  ({} messages, {} reactions)",
            counts.records, counts.messages, counts.reactions
        ),
        format!(
            "members    {:>10}  (each unread recounted; {} tombstones)",
            counts.members, counts.tombstones
        ),
        format!("users      {:>10}  ({} devices)", counts.users, counts.devices),
        format!("replies    {:>10}  (kept for repeated requests)", counts.replies),
        format!("commits    {:>10}", counts.commits),
    ];
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(report.faults.iter().map(|fault| format!("FAULT: {fault}")));
    lines.push(match report.faults_total {
        0 => "no faults\n".to_owned(),
        total => format!("{total} faults\n"),
    });
    lines.join("\n")
}
