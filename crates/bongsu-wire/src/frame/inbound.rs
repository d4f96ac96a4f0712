//! One inbound text frame: an object or an array of requests. Nothing a client sends makes this panic.

use std::borrow::Cow;
use std::fmt;

use bongsu_types::Limits;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::RequestId;
use crate::codec::present;
use crate::{Command, ErrorKind, WireError};

/// One item of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A request, or a notification when it has no id.
    Request {
        /// Answer to this id.
        id: Option<RequestId>,
        /// What is asked.
        command: Command,
    },
    /// An item that is refused as it stands.
    Refused {
        /// Whom to answer.
        to: ReplyTo,
        /// Why.
        error: WireError,
    },
}

/// Whom an answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyTo {
    /// The request of this id.
    Id(RequestId),
    /// An item whose id cannot be told: answered with id null.
    Null,
    /// A notification: not answered, not even with an error.
    Nobody,
}

/// An item as it is sent; all fields unchecked, so that a fault in one leaves the others readable.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, with = "present")]
    params: Option<&'a RawValue>,
}

/// Reads a frame.
///
/// # Errors
/// For the frame as a whole, to be answered once with id null: `parse` when it is not JSON, `invalid_request` when it is
/// neither object nor array, or the array is empty or longer than `batch_items`.
pub fn decode_frame(text: &str, limits: &Limits) -> Result<Vec<Incoming>, WireError> {
    match text.trim_start().as_bytes().first() {
        Some(b'[') => {
            let Batch { items, count } = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
            if count == 0 {
                return Err(invalid("a batch must not be empty"));
            }
            if count > limits.batch_items {
                return Err(invalid("the batch is too long").limit(limits.batch_items as u64));
            }
            Ok(items.into_iter().map(|item| decode_item(item.get())).collect())
        }
        Some(b'{') => match serde_json::from_str::<Envelope<'_>>(text) {
            Ok(envelope) => Ok(vec![open(&envelope)]),
            // The whole frame must be JSON before a fault of its fields counts.
            Err(_) => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => Ok(vec![twice()]),
                Err(error) => Err(unreadable(&error)),
            },
        },
        _ => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Err(invalid("a frame is an object or an array")),
            Err(error) => Err(unreadable(&error)),
        },
    }
}

fn unreadable(error: &serde_json::Error) -> WireError {
    match error.classify() {
        Category::Data => invalid("not a request"),
        Category::Syntax | Category::Eof | Category::Io => {
            WireError::new(ErrorKind::Parse, "the frame is not JSON")
        }
    }
}

fn invalid(message: &str) -> WireError {
    WireError::new(ErrorKind::InvalidRequest, message)
}

fn decode_item(text: &str) -> Incoming {
    if !text.starts_with('{') {
        return Incoming::Refused { to: ReplyTo::Null, error: invalid("a request is an object") };
    }
    match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => open(&envelope),
        Err(_) => twice(),
    }
}

/// All that can be wrong with an object that is JSON: whatever its fields hold is looked at later.
fn twice() -> Incoming {
    Incoming::Refused { to: ReplyTo::Null, error: invalid("a field of the request comes twice") }
}

fn open(envelope: &Envelope<'_>) -> Incoming {
    let Ok(id) = envelope.id.map(|raw| serde_json::from_str::<RequestId>(raw.get())).transpose() else {
        let error = invalid("id must be a string of at most 64 bytes or an integer");
        return Incoming::Refused { to: ReplyTo::Null, error };
    };
    match decode_call(envelope) {
        Ok(command) => Incoming::Request { id, command },
        Err(error) => {
            // Without an id it is a notification only when it is well-formed; else nobody can tell.
            let malformed = error.kind == ErrorKind::InvalidRequest;
            let unknown = if malformed { ReplyTo::Null } else { ReplyTo::Nobody };
            Incoming::Refused { to: id.map_or(unknown, ReplyTo::Id), error }
        }
    }
}

fn decode_call(envelope: &Envelope<'_>) -> Result<Command, WireError> {
    if envelope.jsonrpc.and_then(string).as_deref() != Some("2.0") {
        return Err(invalid("jsonrpc must be \"2.0\""));
    }
    let Some(method) = envelope.method.and_then(string) else {
        return Err(invalid("method must be a string"));
    };
    Command::decode(&method, envelope.params.map_or("{}", RawValue::get))
}

/// The string a value is, if it is one; borrowed unless it has escapes.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(raw.get()) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(raw.get()).ok().map(Cow::Owned),
    }
}

/// The items of an array, and how many there were: past the bound they are counted, not kept.
struct Batch<'a> {
    items: Vec<&'a RawValue>,
    count: usize,
}

/// Items kept while counting: no deployment takes longer batches.
const ITEMS_KEPT: usize = 1_024;

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BatchVisitor;

        impl<'de> Visitor<'de> for BatchVisitor {
            type Value = Batch<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < ITEMS_KEPT {
                    match access.next_element()? {
                        Some(item) => items.push(item),
                        None => return Ok(Batch { count: items.len(), items }),
                    }
                }
                let mut count = items.len();
                while access.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Batch { items, count })
            }
        }

        deserializer.deserialize_seq(BatchVisitor)
    }
}
