//! JSON objects of the host app: checked once, kept and passed on exactly as they came.

use bongsu_types::JsonObject;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Arrays and objects inside one another: what the slowest client can still parse without care.
const DEPTH_MAX: usize = 64;

/// Writes the text as it is.
///
/// A text that is not JSON cannot have come from a client; it is written as the empty object rather than breaking
/// the frame it is in.
pub(crate) fn serialize<S: Serializer>(value: &JsonObject, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_str::<&RawValue>(value.as_str()) {
        Ok(raw) => raw.serialize(serializer),
        Err(_) => JsonForm::default().serialize(serializer),
    }
}

#[derive(Default, Serialize)]
struct JsonForm {}

/// Reads an object, keeping its text.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JsonObject, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    check(raw.get()).map_err(D::Error::custom)?;
    let text: Box<str> = raw.into();
    JsonObject::parsed(text).map_err(|_| D::Error::custom("must be an object"))
}

/// What the grammar lets pass and clients trip over: deep nesting, U+0000, half a surrogate pair.
/// `text` is known to be JSON.
fn check(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    let (mut depth, mut at, mut in_string) = (0_usize, 0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                at += check_escape(text, at)?;
                continue;
            }
            b'\\' => at += 1,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err("must not nest deeper than 64");
        }
        at += 1;
    }
    Ok(())
}

/// Checks the `\uXXXX` at `at`, with its second half where it needs one, and returns its length.
fn check_escape(text: &str, at: usize) -> Result<usize, &'static str> {
    match unit(text, at) {
        Some(0) => Err("must not contain U+0000"),
        Some(0xD800..=0xDBFF) if matches!(unit(text, at + 6), Some(0xDC00..=0xDFFF)) => Ok(12),
        Some(0xD800..=0xDFFF) | None => Err("must not contain half a surrogate pair"),
        Some(_) => Ok(6),
    }
}

/// The UTF-16 unit of the escape at `at`, if there is one.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

/// An optional object: absent, never null.
pub(crate) mod option {
    use super::{Deserializer, JsonObject, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<JsonObject>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<JsonObject>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<JsonObject, String> {
        deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_text_of_an_object_is_kept_to_the_byte() {
        let sent = "{ \"b\" : 1.0, \"a\":null,\n \"emoji\":\"\\ud83d\\ude00\" }";
        assert_eq!(read(sent).unwrap().as_str(), sent);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["null", "[]", "\"{}\"", "1", "{\"a\":}", "{"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_and_broken_text_inside_are_refused() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert!(read(&nested(DEPTH_MAX + 1)).is_err());
        assert!(read(&nested(30_000)).is_err());
        assert!(read(r#"{"a":"\u0000"}"#).is_err());
        assert!(read(r#"{"a":"\\u0000 [[ \" {{"}"#).is_ok());
        assert!(read(r#"{"a":"\ud83d"}"#).is_err());
        assert!(read(r#"{"a":"\ude00\ud83d"}"#).is_err());
    }
}
