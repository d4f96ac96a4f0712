//! `bongsu import jsonl`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use bongsu_import::jsonl::{Export, FieldMap, JsonlOptions};
use bongsu_import::{Input, UtcOffset};
use clap::Args;

use super::{Target, Unit};

/// The neutral form: JSON lines, for everything that has no importer of its own. Also packed, as .jsonl.gz.
///
/// A line is a message, in the order to be kept:
///   {"room": "r1", "user": "ann", "at": "2026-01-02T03:04:05Z", "text": "hi"}
/// and may have id, reply_to (an id), name (of the user), edited_at, reactions ({"👍": ["bob"]}) and data (an object).
/// Lines with "type": "room" or "user" tell more, and may stand anywhere:
///   {"type": "room", "id": "r1", "kind": "direct|group|channel", "name": "Camp", "members": ["ann"], "owner": "ann"}
///   {"type": "user", "id": "ann", "name": "Ann Lee"}
/// Other fields are ignored. A file with other names is read with --map, such as
///   --map room=movie_id --map user=author --map id=review_id --map at=date --map text=review
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Jsonl {
    /// Files.
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// FIELD of the neutral form is called NAME in the file.
    #[arg(long, value_name = "FIELD=NAME")]
    map: Vec<String>,
    /// What user ids and room keys begin with.
    #[arg(long, value_name = "NAME", default_value = "jsonl", conflicts_with = "ids_as_given")]
    prefix: String,
    /// User ids and room ids are your app's own: they are taken as they are, without prefix and escapes.
    #[arg(long)]
    ids_as_given: bool,
    /// For times without a zone.
    #[arg(long, value_name = "±HH:MM", default_value = "+00:00", allow_hyphen_values = true)]
    utc_offset: UtcOffset,
    #[command(flatten)]
    pub(super) target: Target,
}

impl Jsonl {
    pub(super) fn units(&self) -> Result<Vec<Unit>> {
        let options = Arc::new(JsonlOptions {
            prefix: self.prefix.clone(),
            ids_as_given: self.ids_as_given,
            map: FieldMap::of(self.map.iter().map(String::as_str))?,
            offset: self.utc_offset,
        });
        let unit = |path: PathBuf| {
            let options = Arc::clone(&options);
            Unit::new(&path.clone(), move || Ok(Export::new(Input::file(&path)?, options)))
        };
        Ok(self.paths.iter().cloned().map(unit).collect())
    }
}
