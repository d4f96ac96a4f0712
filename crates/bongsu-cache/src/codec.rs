//! How a value becomes bytes. The codec is part of the schema identity, so changing it changes every key.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A way to write and read values of `T`.
pub trait Codec<T>: Send + Sync + 'static {
    /// Part of the schema hash.
    const NAME: &'static str;
    /// Part of the schema hash: raise it when the bytes change.
    const VERSION: u16;
    /// Whether fields are found by their place (true) or by their name (false).
    const POSITIONAL: bool;

    /// Appends the bytes of `value` to `out`.
    ///
    /// # Errors
    /// When the value cannot be written, for example a map with keys the format has no form for.
    fn encode(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads a value that fills `bytes` to the last one.
    ///
    /// # Errors
    /// When the bytes are not such a value, or are left over.
    fn decode(bytes: &[u8]) -> Result<T, CodecError>;
}

/// A value that could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{codec}: {reason}")]
pub struct CodecError {
    /// Which codec.
    pub codec: &'static str,
    /// Its words.
    pub reason: String,
}

/// The default: compact, positional.
#[derive(Debug, Clone, Copy)]
pub struct Postcard;

/// Self-describing: fields by name, readable with any tool.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl<T: Serialize + DeserializeOwned> Codec<T> for Postcard {
    const NAME: &'static str = "postcard";
    const VERSION: u16 = 1;
    const POSITIONAL: bool = true;

    fn encode(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let written =
            postcard::to_extend(value, std::mem::take(out)).map_err(|error| failed("postcard", &error))?;
        *out = written;
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<T, CodecError> {
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| failed("postcard", &error))?;
        if rest.is_empty() {
            return Ok(value);
        }
        Err(CodecError { codec: "postcard", reason: format!("{} bytes are left over", rest.len()) })
    }
}

impl<T: Serialize + DeserializeOwned> Codec<T> for Json {
    const NAME: &'static str = "json";
    const VERSION: u16 = 1;
    const POSITIONAL: bool = false;

    fn encode(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
        serde_json::to_writer(out, value).map_err(|error| failed("json", &error))
    }

    fn decode(bytes: &[u8]) -> Result<T, CodecError> {
        serde_json::from_slice(bytes).map_err(|error| failed("json", &error))
    }
}

fn failed(codec: &'static str, error: &dyn std::fmt::Display) -> CodecError {
    CodecError { codec, reason: error.to_string() }
}
