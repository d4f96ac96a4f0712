//! The neutral form: JSON lines, each a message, a room or a user. See docs/IMPORT.md.

mod fields;

use std::sync::Arc;

use bongsu_types::{JsonObject, Millis, Role, RoomKind};
use serde_json::{Map, Value};

pub use self::fields::{FieldMap, InvalidMapping};

use self::fields::Record;
use crate::error::ReadError;
use crate::input::Input;
use crate::intake::Intake;
use crate::json::of_json;
use crate::lines::Lines;
use crate::report::Skipped;
use crate::room::{RoomDetails, Said};
use crate::source::Source;
use crate::time::UtcOffset;

/// A line is held whole while it is read.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

const EXPECTED: &str = "a JSON object like {\"room\": \"r1\", \"user\": \"ann\", \"at\": \"2026-01-02T03:04:05Z\", \"text\": \"hi\"}";

/// How a file is to be understood.
#[derive(Debug, Clone)]
pub struct JsonlOptions {
    /// What ids and keys begin with.
    pub prefix: String,
    /// User ids and room keys are the host app's own.
    pub ids_as_given: bool,
    /// Names of the fields in the file.
    pub map: FieldMap,
    /// For times without a zone.
    pub offset: UtcOffset,
}

impl Default for JsonlOptions {
    fn default() -> Self {
        Self {
            prefix: "jsonl".to_owned(),
            ids_as_given: false,
            map: FieldMap::default(),
            offset: UtcOffset::UTC,
        }
    }
}

/// A file of JSON lines.
#[derive(Debug)]
pub struct Export {
    input: Input,
    options: Arc<JsonlOptions>,
}

impl Export {
    /// A file in the neutral form.
    #[must_use]
    pub fn new(input: Input, options: Arc<JsonlOptions>) -> Self {
        Self { input, options }
    }
}

impl Source for Export {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn prefix(&self) -> &str {
        &self.options.prefix
    }

    fn bytes(&self) -> u64 {
        self.input.bytes()
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        if self.options.ids_as_given {
            intake.take_ids_as_given();
        }
        let mut lines = Lines::open(&self.input, intake.counter(), LINE_BYTES_MAX)?;
        let mut any = false;
        while let Some(line) = lines.next()? {
            let number = line.number;
            if line.text.trim().is_empty() {
                continue;
            }
            any = true;
            if line.cut {
                intake.skip(Skipped::TooLong);
                continue;
            }
            let fields: Map<String, Value> = serde_json::from_str(line.text)
                .map_err(|error| of_json(self.input.name(), number - 1, error, EXPECTED))?;
            let record = Record::new(fields, &self.options.map);
            tell(intake, &record, self.options.offset).map_err(|error| match error {
                Told::Read(error) => error,
                Told::Wrong { found, expected } => {
                    ReadError::format(self.input.name(), number, found, expected)
                }
            })?;
        }
        if !any {
            return Err(ReadError::format(self.input.name(), 1, "nothing in it", EXPECTED));
        }
        Ok(())
    }
}

/// Why a record could not be told.
enum Told {
    Read(ReadError),
    Wrong { found: String, expected: &'static str },
}

impl From<ReadError> for Told {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

fn wrong(found: impl Into<String>, expected: &'static str) -> Told {
    Told::Wrong { found: found.into(), expected }
}

fn tell(intake: &mut Intake, record: &Record, offset: UtcOffset) -> Result<(), Told> {
    match record.text("type")?.as_deref().unwrap_or("message") {
        "message" => message(intake, record, offset),
        "room" => room(intake, record, offset),
        "user" => user(intake, record),
        other => Err(wrong(format!("type {other:?}"), "\"message\", \"room\" or \"user\"")),
    }
}

fn user(intake: &mut Intake, record: &Record) -> Result<(), Told> {
    let id = record.required("id")?;
    intake.user(&id, record.text("name")?.as_deref().unwrap_or_default())?;
    Ok(())
}

fn room(intake: &mut Intake, record: &Record, offset: UtcOffset) -> Result<(), Told> {
    let kind = match record.text("kind")?.as_deref() {
        None | Some("group") => RoomKind::Group,
        Some("direct") => RoomKind::Direct,
        Some("channel") => RoomKind::Channel,
        Some(other) => return Err(wrong(format!("kind {other:?}"), "\"direct\", \"group\" or \"channel\"")),
    };
    let room = intake.room(&record.required("id")?)?;
    for member in record.texts("members")? {
        if let Some(user) = intake.user(&member, "")? {
            intake.member(room, user, Role::Member)?;
        }
    }
    let owner = match record.text("owner")? {
        Some(owner) => intake.user(&owner, "")?,
        None => None,
    };
    if let Some(owner) = owner {
        intake.member(room, owner, Role::Owner)?;
    }
    let name = record.text("name")?.unwrap_or_default();
    let created_ms = record.time("created_at", offset)?;
    intake.describe(room, RoomDetails { kind, name, created_ms, owner });
    Ok(())
}

fn message(intake: &mut Intake, record: &Record, offset: UtcOffset) -> Result<(), Told> {
    let room = intake.room(&record.required("room")?)?;
    let author = record.required("user")?;
    let at_ms: Millis = record
        .time("at", offset)?
        .ok_or_else(|| wrong("no `at`", "the time of a message, like \"2026-01-02T03:04:05Z\""))?;
    let (id, name) = (record.text("id")?, record.text("name")?.unwrap_or_default());
    let (text, reply_to) = (record.text("text")?.unwrap_or_default(), record.text("reply_to")?);
    let data = record.object("data")?.map(|data| {
        let json = Value::Object(data.clone()).to_string();
        JsonObject::parsed(json).expect("an object is written as one")
    });
    let said = Said {
        id: id.as_deref(),
        author: &author,
        author_name: &name,
        at_ms,
        edited_ms: record.time("edited_at", offset)?,
        text: &text,
        reply_to: reply_to.as_deref(),
        reactions: record.reactions("reactions")?,
        attachments: Vec::new(),
        data,
    };
    Ok(intake.say(room, said)?)
}
