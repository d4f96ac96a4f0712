//! Writing frames: each object is written once, and joined to groups as text.

use serde::Serialize;

use super::RequestId;
use crate::{Command, WireError};

/// The JSON text of a value of this crate.
pub(crate) fn to_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("keys are strings and nothing in the types fails to serialize")
}

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    method: &'static str,
    params: &'a Command,
}

#[derive(Serialize)]
struct Answer<'a, T> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    result: &'a T,
}

#[derive(Serialize)]
struct Refusal<'a> {
    jsonrpc: &'static str,
    /// Null when the request's id could not be told.
    id: Option<&'a RequestId>,
    error: &'a WireError,
}

/// The text of a request, or of a notification when it has no id.
#[must_use]
pub fn encode_request(id: Option<&RequestId>, command: &Command) -> String {
    to_text(&Request { jsonrpc: "2.0", id, method: command.method(), params: command })
}

/// The text of the answer to a request.
#[must_use]
pub fn encode_result<T: Serialize>(id: &RequestId, result: &T) -> String {
    to_text(&Answer { jsonrpc: "2.0", id, result })
}

/// The text of a refusal; without an id it says null.
#[must_use]
pub fn encode_error(id: Option<&RequestId>, error: &WireError) -> String {
    to_text(&Refusal { jsonrpc: "2.0", id, error })
}

/// Joins encoded objects, in order, to frames of at most `group_bytes`: one stays bare, more become an array. An object
/// longer than that is a frame of its own.
pub fn group<T: AsRef<str>>(objects: impl IntoIterator<Item = T>, group_bytes: usize) -> Vec<String> {
    let mut frames = Vec::new();
    let mut open = String::new();
    let mut items = 0_usize;
    for object in objects {
        let object = object.as_ref();
        // One more comma and the closing bracket.
        if items > 0 && open.len() + object.len() + 2 > group_bytes {
            frames.push(close(std::mem::take(&mut open), items));
            items = 0;
        }
        open.push(if items == 0 { '[' } else { ',' });
        open.push_str(object);
        items += 1;
    }
    if items > 0 {
        frames.push(close(open, items));
    }
    frames
}

fn close(mut open: String, items: usize) -> String {
    if items == 1 {
        open.remove(0);
    } else {
        open.push(']');
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_joined_in_order_up_to_the_bound() {
        let objects = ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"];
        assert_eq!(group(objects, 1_000), ["[{\"a\":1},{\"b\":2},{\"c\":3}]"]);
        assert_eq!(group(objects, 17), ["[{\"a\":1},{\"b\":2}]", "{\"c\":3}"]);
        assert_eq!(group(objects, 1), objects);
        assert!(group(Vec::<String>::new(), 1_000).is_empty());
    }
}
