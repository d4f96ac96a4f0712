//! Frames of the server as a client reads them: answers and events, one or many.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::RequestId;
use crate::decode::from_object;
use crate::{ErrorKind, Event, WireError};

/// One object of a frame.
#[derive(Debug, Clone)]
pub enum FromServer {
    /// The answer to a request.
    Answer {
        /// Which request; `None` when the server could not tell.
        id: Option<RequestId>,
        /// The result as text (see [`FromServer::result`]), or the error.
        result: Result<Box<RawValue>, WireError>,
    },
    /// An event.
    Event(Event),
}

impl FromServer {
    /// Reads the text of a result.
    ///
    /// # Errors
    /// When it is not the answer of that method.
    pub fn result<T: DeserializeOwned>(result: &RawValue) -> Result<T, WireError> {
        from_object(result.get())
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(borrow, default)]
    method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<WireError>,
}

/// Reads a frame of the server.
///
/// # Errors
/// When the frame is not one of this protocol.
pub fn decode_server_frame(text: &str) -> Result<Vec<FromServer>, WireError> {
    let unreadable = |error: serde_json::Error| WireError::new(ErrorKind::Parse, error.to_string());
    if text.trim_start().starts_with('[') {
        let envelopes: Vec<Envelope<'_>> = serde_json::from_str(text).map_err(unreadable)?;
        return envelopes.into_iter().map(open).collect();
    }
    let envelope = serde_json::from_str(text).map_err(unreadable)?;
    Ok(vec![open(envelope)?])
}

fn open(envelope: Envelope<'_>) -> Result<FromServer, WireError> {
    let Envelope { id, method, params, result, error } = envelope;
    match (method, result, error) {
        (Some(method), None, None) => {
            Event::decode(&method, params.map_or("{}", RawValue::get)).map(FromServer::Event)
        }
        (None, Some(result), None) => Ok(FromServer::Answer { id, result: Ok(result) }),
        (None, None, Some(error)) => Ok(FromServer::Answer { id, result: Err(error) }),
        _ => Err(WireError::new(ErrorKind::InvalidRequest, "neither an answer nor an event")),
    }
}
