//! `cache-schemas.lock`: the structure of every model, kept in a file, so that a change of keys is seen in review.
//!
//! A change of keys is a cold start of that model. The file shows it twice: as a test that fails with what changed, and
//! as a diff of the file in the change that is reviewed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::codec::Codec;
use crate::model::Cached;
use crate::schema::lock_diff::{Block, changes};
use crate::schema::{CacheSchema, ENVELOPE_VERSION, SchemaHash, canonical_text};

/// Set to 1, tests write golden files instead of comparing them.
const UPDATE: &str = "BONGSU_UPDATE_GOLDEN";

const HEADER: &str = "\
# The structure of every cached model. A changed key is a cold start of that model.
# Written by its test when BONGSU_UPDATE_GOLDEN=1; never by hand.
";

/// A model as the lock file shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaEntry {
    model: &'static str,
    hash: SchemaHash,
    text: String,
}

impl SchemaEntry {
    /// The entry of `T`.
    #[must_use]
    pub fn of<T: Cached>() -> Self {
        let positional = <T::Codec as Codec<T>>::POSITIONAL;
        let (codec, version) = (<T::Codec as Codec<T>>::NAME, <T::Codec as Codec<T>>::VERSION);
        let fields = if positional { "position" } else { "name" };
        let text = format!(
            "model {}\n    key: {}\n    codec: {codec} {version}, fields by {fields}\n    envelope: {ENVELOPE_VERSION}\n    \
             revision: {}\n    {}",
            T::MODEL,
            T::SCHEMA,
            T::REVISION,
            canonical_text(<T as CacheSchema>::NODE, positional),
        );
        Self { model: T::MODEL, hash: T::SCHEMA, text }
    }
}

/// What is wrong between a lock file and the models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockFault {
    /// Two types share the name of a model.
    #[error("two types are called model `{0}`: their entries would stand under one name")]
    DuplicateModel(&'static str),
    /// The file does not say what the types say.
    #[error("{0}")]
    Changed(String),
}

/// Compares the models with the lock file at `path`, and writes it instead if `BONGSU_UPDATE_GOLDEN=1`.
///
/// ```no_run
/// # use bongsu_cache::{Cached, schema::CacheSchema};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheSchema)]
/// # #[cache(model = "room", id = u64)]
/// # struct Room;
/// use bongsu_cache::testing::{SchemaEntry, assert_lock};
///
/// assert_lock("cache-schemas.lock", &[SchemaEntry::of::<Room>()]);
/// ```
///
/// # Panics
/// If a model was changed, added or removed, saying what changed; if two models share a name; if the file cannot be
/// read or written.
#[track_caller]
pub fn assert_lock(path: impl AsRef<Path>, entries: &[SchemaEntry]) {
    let path = path.as_ref();
    let current = match lock_text(entries) {
        Ok(current) => current,
        Err(fault) => panic!("{}: {fault}", path.display()),
    };
    if env::var(UPDATE).is_ok_and(|value| value == "1") {
        if let Err(error) = fs::write(path, current) {
            panic!("{} cannot be written: {error}", path.display());
        }
        return;
    }
    let locked = match fs::read_to_string(path) {
        Ok(locked) => locked,
        Err(error) => panic!("{} cannot be read ({error}); {UPDATE}=1 writes it", path.display()),
    };
    if let Err(fault) = check_lock(&locked, entries) {
        panic!(
            "{}: {fault}\nif this is meant, run the test with {UPDATE}=1 and commit the file",
            path.display()
        );
    }
}

/// The text of the lock file: models by name.
///
/// # Errors
/// [`LockFault::DuplicateModel`].
pub fn lock_text(entries: &[SchemaEntry]) -> Result<String, LockFault> {
    let mut text = HEADER.to_owned();
    for entry in by_model(entries)?.values() {
        text.push('\n');
        text.push_str(&entry.text);
    }
    Ok(text)
}

/// Compares the models with the text of a lock file.
///
/// # Errors
/// [`LockFault::Changed`], with a line for every field, variant or setting that differs.
pub fn check_lock(locked: &str, entries: &[SchemaEntry]) -> Result<(), LockFault> {
    let current = by_model(entries)?;
    let locked: BTreeMap<_, _> =
        Block::read_all(locked).into_iter().map(|block| (block.model.clone(), block)).collect();
    let mut report = String::new();
    for entry in current.values() {
        let new = Block::read_all(&entry.text).pop().expect("an entry's text is one block");
        match locked.get(entry.model) {
            None => writeln!(report, "\nmodel {} is new, with key {}", entry.model, entry.hash)
                .unwrap_or_default(),
            Some(old) if *old == new => {}
            Some(old) => {
                let keys = format!("{} -> {}", old.key().unwrap_or("no key"), entry.hash);
                writeln!(report, "\nmodel {}: {keys}", entry.model).unwrap_or_default();
                for change in changes(old, &new) {
                    writeln!(report, "    {change}").unwrap_or_default();
                }
            }
        }
    }
    for model in locked.keys().filter(|model| !current.contains_key(model.as_str())) {
        writeln!(report, "\nmodel {model} is gone").unwrap_or_default();
    }
    if report.is_empty() { Ok(()) } else { Err(LockFault::Changed(format!("the models changed\n{report}"))) }
}

fn by_model(entries: &[SchemaEntry]) -> Result<BTreeMap<&'static str, &SchemaEntry>, LockFault> {
    let mut models = BTreeMap::new();
    for entry in entries {
        if models.insert(entry.model, entry).is_some() {
            return Err(LockFault::DuplicateModel(entry.model));
        }
    }
    Ok(models)
}
