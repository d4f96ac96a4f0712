//! Retention: `{"mode":"history","days":90}`, without `days` for ever, or `{"mode":"transit"}`.

use bongsu_types::Retention;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::text::words;
use crate::codec::{object, present, text};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    History,
    Transit,
}

words! { Mode { "history" = History, "transit" = Transit } }

#[derive(Serialize, Deserialize)]
struct Form {
    #[serde(with = "text")]
    mode: Mode,
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

/// Writes the rule.
pub(crate) fn serialize<S: Serializer>(rule: &Option<Retention>, serializer: S) -> Result<S::Ok, S::Error> {
    let form = rule.map(|rule| match rule {
        Retention::History { days } => Form { mode: Mode::History, days },
        Retention::Transit => Form { mode: Mode::Transit, days: None },
    });
    form.serialize(serializer)
}

/// Reads the rule that is there.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Retention>, D::Error> {
    let Form { mode, days } = object::deserialize(deserializer)?;
    match (mode, days) {
        (Mode::History, Some(0)) => Err(D::Error::custom("days must be at least 1")),
        (Mode::History, days) => Ok(Some(Retention::History { days })),
        (Mode::Transit, None) => Ok(Some(Retention::Transit)),
        (Mode::Transit, Some(_)) => Err(D::Error::custom("transit takes no days")),
    }
}
