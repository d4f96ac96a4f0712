//! `bongsu import`: rooms from elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bongsu_import::{ForeignRoom, Imported, import_room, irc};
use bongsu_service::Importer;
use clap::{Args, Subcommand};
use tokio::time::Instant;

use crate::assemble;
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::data_dir::DataDir;

/// Import chat logs from elsewhere.
///
/// The server must be stopped. Importing the same files again changes nothing; an import that was cut off goes on where
/// it stopped. A room is seen by nobody until all of it is in.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    Irc(Irc),
}

/// IRC logs: `[HH:MM] <nick> text`, or `channel YYYY-MM-DD [HH:MM:SS] <nick> text`.
///
/// A file becomes a group room with the key irc:<file name without ending>, its authors become members with ids
/// irc:<nick> (bytes outside A-Z a-z 0-9 _ @ - as .xx hex). A file without a date in its lines is named YYYY-MM-DD…
/// Replies are taken from <name>.annotation.txt beside it.
#[derive(Debug, Args)]
struct Irc {
    /// Files, or folders that are searched for *.raw.txt and *.ascii.txt.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Data directory; made when it does not exist.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Settings file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Members of a group while importing: a public channel's slice has more authors than a group of friends.
pub(crate) const GROUP_MEMBERS: u32 = 1_000;

impl Import {
    pub(super) fn run(self) -> Result<()> {
        match self.format {
            Format::Irc(irc) => irc.run(),
        }
    }
}

impl Irc {
    fn run(self) -> Result<()> {
        let files = irc::slice_files(&self.paths)?;
        ensure!(!files.is_empty(), "no *.raw.txt or *.ascii.txt in the folders named");
        let mut config = Config::load(self.config.as_deref())?;
        config.limits.group_members = config.limits.group_members.max(GROUP_MEMBERS);
        let data = DataDir::create(&self.data)?;
        super::runtime()?.block_on(async {
            let store = assemble::offline(&config, &data)?;
            let summary = import_files(&store.importer, &files).await;
            store.close().await?;
            let summary = summary?;
            print!("{summary}");
            if summary.failed > 0 {
                bail!("{} of {} files were not imported (see above)", summary.failed, files.len());
            }
            Ok(())
        })
    }
}

async fn import_files(importer: &Importer, files: &[PathBuf]) -> Result<Summary> {
    let started = Instant::now();
    let bytes = files.iter().map(|file| std::fs::metadata(file).map_or(0, |file| file.len())).sum::<u64>();
    let progress = Progress::of(bytes, "bytes");
    let mut summary = Summary::default();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        progress.now_on(&name);
        match irc::read_slice(file) {
            Ok(room) => {
                let imported = import_room(importer, &room, |_| {}).await;
                match imported {
                    Ok(imported) => summary.count(&room, imported),
                    Err(bongsu_import::ImportError::Service(error)) => {
                        return Err(error)
                            .with_context(|| format!("stopped at {name}; run the same command again"));
                    }
                    Err(error) => summary.fail(file, &error),
                }
            }
            Err(error) => summary.fail(file, &error),
        }
        progress.add(std::fs::metadata(file).map_or(0, |file| file.len()));
    }
    progress.done();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// What an import did.
#[derive(Debug, Default)]
struct Summary {
    rooms: u64,
    messages: u64,
    authors: std::collections::HashSet<bongsu_types::UserId>,
    rooms_before: u64,
    messages_before: u64,
    left_out: u64,
    skipped: BTreeMap<bongsu_import::Skipped, u64>,
    failed: u64,
    seconds: f64,
}

impl Summary {
    fn count(&mut self, room: &ForeignRoom, imported: Imported) {
        let has = room.messages.len() as u64;
        match imported {
            Imported::Now { messages, .. } => {
                self.rooms += 1;
                self.messages += messages;
                self.messages_before += has - messages;
            }
            Imported::Before { left_out, .. } => {
                self.rooms_before += 1;
                self.messages_before += has - left_out;
                self.left_out += left_out;
            }
        }
        self.authors.extend(room.authors().iter().map(|(user, _)| user.clone()));
        for (why, count) in &room.skipped {
            *self.skipped.entry(*why).or_default() += count;
        }
    }

    fn fail(&mut self, file: &Path, error: &dyn std::error::Error) {
        self.failed += 1;
        eprintln!("not imported: {}: {error}", file.display());
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "imported {} messages into {} rooms ({} authors named) in {:.1} s",
            self.messages,
            self.rooms,
            self.authors.len(),
            self.seconds
        )?;
        if self.messages_before > 0 {
            writeln!(
                f,
                "there before: {} messages, {} complete rooms",
                self.messages_before, self.rooms_before
            )?;
        }
        if self.left_out > 0 {
            writeln!(
                f,
                "left out: {} messages that a file gained since its room was imported",
                self.left_out
            )?;
        }
        for (why, count) in &self.skipped {
            writeln!(f, "skipped: {count} {}", why.reason())?;
        }
        Ok(())
    }
}
