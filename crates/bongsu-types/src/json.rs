//! JSON objects of the host app, kept as the text they came in.

use std::fmt;

/// A JSON object as text, exactly as sent; validity is checked where it enters (the wire crate).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonObject(Box<str>);

/// The text is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object")]
pub struct InvalidJson;

impl JsonObject {
    /// Wraps text that the caller has parsed as a JSON object.
    ///
    /// # Errors
    /// When the text does not begin with `{` and end with `}`: only the outline is checked here.
    pub fn parsed(text: impl Into<Box<str>>) -> Result<Self, InvalidJson> {
        let text = text.into();
        if text.starts_with('{') && text.ends_with('}') { Ok(Self(text)) } else { Err(InvalidJson) }
    }

    /// The empty object, which clears a field in an update.
    #[must_use]
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// Whether this is `{}`, blanks aside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[1..self.0.len() - 1].trim().is_empty()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
