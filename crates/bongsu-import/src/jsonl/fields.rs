//! Fields of a line by the names the neutral form has for them, whatever the file calls them.

use std::str::FromStr;

use bongsu_types::Millis;
use serde_json::{Map, Value};

use super::{Told, wrong};
use crate::time::{UtcOffset, instant_or_day};

/// The neutral form's names.
const NAMES: [&str; 15] = [
    "type",
    "id",
    "room",
    "user",
    "name",
    "at",
    "text",
    "reply_to",
    "edited_at",
    "reactions",
    "data",
    "kind",
    "members",
    "owner",
    "created_at",
];

/// A number at or above this is milliseconds, below it seconds: 1973 as the one, the year 5138 as the other.
const MILLIS_FROM: f64 = 1e11;

/// Which field of the file each field of the neutral form is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldMap(Vec<(&'static str, String)>);

/// A mapping that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no mapping; expected FIELD=NAME where FIELD is one of {names}", names = NAMES.join(", "))]
pub struct InvalidMapping(String);

impl FieldMap {
    /// Adds mappings such as `room=movie_id`.
    ///
    /// # Errors
    /// When one is no mapping.
    pub fn of<'a>(mappings: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidMapping> {
        let mut map = Self::default();
        for mapping in mappings {
            let Mapping(field, name) = mapping.parse()?;
            map.0.push((field, name));
        }
        Ok(map)
    }

    fn name_of(&self, field: &'static str) -> &str {
        self.0.iter().rev().find(|(known, _)| *known == field).map_or(field, |(_, name)| name)
    }
}

struct Mapping(&'static str, String);

impl FromStr for Mapping {
    type Err = InvalidMapping;

    fn from_str(text: &str) -> Result<Self, InvalidMapping> {
        let invalid = || InvalidMapping(text.to_owned());
        let (field, name) = text.split_once('=').ok_or_else(invalid)?;
        let field = NAMES.iter().find(|known| **known == field).ok_or_else(invalid)?;
        if name.is_empty() { Err(invalid()) } else { Ok(Self(field, name.to_owned())) }
    }
}

/// A line.
pub(super) struct Record<'a> {
    fields: Map<String, Value>,
    map: &'a FieldMap,
}

impl<'a> Record<'a> {
    pub(super) fn new(fields: Map<String, Value>, map: &'a FieldMap) -> Self {
        Self { fields, map }
    }

    fn get(&self, field: &'static str) -> Option<&Value> {
        self.fields.get(self.map.name_of(field)).filter(|value| !value.is_null())
    }

    fn wrong(&self, field: &'static str, expected: &'static str) -> Told {
        wrong(format!("`{}` is {}", self.map.name_of(field), shape(self.get(field))), expected)
    }

    /// A text, or a number as text: ids are either.
    pub(super) fn text(&self, field: &'static str) -> Result<Option<String>, Told> {
        match self.get(field) {
            None => Ok(None),
            Some(value) => text_of(value).map(Some).ok_or_else(|| self.wrong(field, "a text")),
        }
    }

    pub(super) fn required(&self, field: &'static str) -> Result<String, Told> {
        let found = self.text(field)?.filter(|text| !text.is_empty());
        found.ok_or_else(|| {
            wrong(
                format!("no `{}`", self.map.name_of(field)),
                "a message has `room`, `user`, `at` and `text`; rooms and users have `id`",
            )
        })
    }

    pub(super) fn texts(&self, field: &'static str) -> Result<Vec<String>, Told> {
        match self.get(field) {
            None => Ok(Vec::new()),
            Some(list) => texts_of(list).ok_or_else(|| self.wrong(field, "a list of texts")),
        }
    }

    pub(super) fn object(&self, field: &'static str) -> Result<Option<&Map<String, Value>>, Told> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(self.wrong(field, "an object")),
        }
    }

    /// A text that names a time or day, or a number of milliseconds or seconds since 1970.
    pub(super) fn time(&self, field: &'static str, offset: UtcOffset) -> Result<Option<Millis>, Told> {
        const EXPECTED: &str = "a time like \"2026-01-02T03:04:05Z\", a day like \"2026-01-02\" or \"26.01.02\", or milliseconds since 1970";
        let Some(value) = self.get(field) else { return Ok(None) };
        let found = match value {
            Value::String(text) => instant_or_day(text, offset).or_else(|| millis(text.trim().parse().ok()?)),
            Value::Number(number) => number.as_f64().and_then(millis),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let shown =
            || format!("`{}` is {value}", self.map.name_of(field)).chars().take(100).collect::<String>();
        found.map(Some).ok_or_else(|| wrong(shown(), EXPECTED))
    }

    /// `{"👍": ["ann", "bob"]}`
    pub(super) fn reactions(&self, field: &'static str) -> Result<Vec<(String, Vec<String>)>, Told> {
        let Some(object) = self.object(field)? else { return Ok(Vec::new()) };
        let mut reactions = Vec::with_capacity(object.len());
        for (emoji, users) in object {
            let users = texts_of(users).ok_or_else(|| self.wrong(field, "lists of users by emoji"))?;
            reactions.push((emoji.clone(), users));
        }
        Ok(reactions)
    }
}

fn millis(number: f64) -> Option<Millis> {
    let ms = if number >= MILLIS_FROM { number } else { number * 1_000.0 };
    // Exact: a whole number below 2^53.
    (0.0..9_007_199_254_740_992.0).contains(&ms).then_some(Millis(ms as u64))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn texts_of(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text_of).collect()
}

fn shape(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Null) => "missing",
        Some(Value::Bool(_)) => "true or false",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a text",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    }
}
