//! Reading a typed object from text, and saying which field was at fault.

use serde::de::{DeserializeOwned, Deserializer};

use crate::WireError;

/// Reads an object. The good case is parsed once, straight into the type; only a refused text is parsed again, slower,
/// to learn the path of the fault.
pub(crate) fn from_object<T: DeserializeOwned>(text: &str) -> Result<T, WireError> {
    if !text.trim_start().starts_with('{') {
        return Err(WireError::invalid_params("params", "must be an object"));
    }
    serde_json::from_str(text).map_err(|error| {
        let mut tracked = serde_json::Deserializer::from_str(text);
        let fault = fault::<T, _>(&mut tracked);
        fault.unwrap_or_else(|| WireError::invalid_params("params", reason(&error.to_string())))
    })
}

/// Finds the fault of a text that does not read as a `T`.
pub(crate) fn fault<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Option<WireError> {
    let error = serde_path_to_error::deserialize::<_, T>(deserializer).err()?;
    let path = error.path().to_string();
    let reason = reason(&error.inner().to_string());
    Some(WireError::invalid_params(field(&path, &reason), reason))
}

/// The path of the field, with the name serde has only in its message: that of a missing or doubled field.
fn field(path: &str, reason: &str) -> String {
    let named = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|prefix| reason.strip_prefix(prefix))
        .and_then(|rest| rest.strip_suffix('`'));
    match (path, named) {
        (".", Some(name)) => name.to_owned(),
        (".", None) => "params".to_owned(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => {
            format!("{path}.{name}")
        }
        (path, _) => path.to_owned(),
    }
}

/// The message without the position, which counts from the start of the parameters and helps nobody.
fn reason(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message.to_owned(),
    }
}
