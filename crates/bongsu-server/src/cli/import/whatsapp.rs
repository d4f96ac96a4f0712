//! `bongsu import whatsapp`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use bongsu_import::UtcOffset;
use bongsu_import::whatsapp::{Chat, ChatOptions, DateOrder, exports};
use clap::Args;

use super::{Target, Unit};

/// WhatsApp chats, exported on Android or iOS, as text or as the zip with it.
///
/// Each is one room, named by its file; the key is whatsapp:<name>. People have only the names of the exporter's contacts.
/// The order of day, month and year follows the phone's language: it is found by looking through the file, or asked for.
#[derive(Debug, Args)]
pub(super) struct Whatsapp {
    /// Files, or folders that are searched for _chat.txt, WhatsApp*.txt and WhatsApp*.zip.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Names the room instead of the file's name; for one chat.
    #[arg(long, value_name = "NAME")]
    room: Option<String>,
    /// Order of day, month and year, where the file can be read in more than one way.
    #[arg(long, value_name = "dmy|mdy|ymd")]
    date_order: Option<DateOrder>,
    /// The phone's zone: exports do not say it.
    #[arg(long, value_name = "±HH:MM", default_value = "+00:00", allow_hyphen_values = true)]
    utc_offset: UtcOffset,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Whatsapp {
    pub(super) fn units(&self) -> Result<Vec<Unit>> {
        let files = exports(&self.paths)?;
        ensure!(self.room.is_none() || files.len() == 1, "--room names one room, there are {}", files.len());
        let options =
            ChatOptions { room: self.room.clone(), order: self.date_order, offset: Some(self.utc_offset) };
        let unit = |path: PathBuf| {
            let options = options.clone();
            Unit::new(&path.clone(), move || Chat::open(&path, &options))
        };
        Ok(files.into_iter().map(unit).collect())
    }
}
