//! The published frames: each is read, written again to the same bytes, and stands in docs/PROTOCOL.md.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::BTreeSet;

use bongsu_types::Limits;
use bongsu_wire::{
    Call, Command, ErrorKind, Event, FromServer, Incoming, RequestId, decode_frame, decode_server_frame,
    encode_error, encode_request, encode_result, openapi,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A result, and the method whose result it is.
#[derive(Deserialize)]
struct Golden<'a> {
    of: &'a str,
    #[serde(borrow)]
    frame: &'a RawValue,
}

fn repository(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn golden(file: &str) -> String {
    repository(&format!("crates/bongsu-wire/tests/golden/{file}"))
}

/// Reads the result of a method and writes it again.
fn written_again(method: &str, id: &RequestId, result: &RawValue) -> String {
    fn again<C: Call>(id: &RequestId, result: &RawValue) -> String {
        encode_result(id, &FromServer::result::<C::Result>(result).unwrap())
    }
    macro_rules! by_method {
        ($($call:ident)*) => {
            match method {
                $(bongsu_wire::$call::METHOD => again::<bongsu_wire::$call>(id, result),)*
                _ => panic!("no such method: {method}"),
            }
        };
    }
    by_method! {
        Hello Refresh Ack SendMessage EditMessage DeleteMessage React History CreateRoom ListRooms GetRoom UpdateRoom
        ListMembers AddMembers RemoveMembers LeaveRoom SetRole MarkRead MarkUnread RoomChanges AcceptRoom
        ChangeSettings Typing Watch ListDevices RemoveDevice GetUsers UpdateUser UpsertUsers RevokeUser Ping
    }
}

fn only<T>(mut items: Vec<T>) -> T {
    assert_eq!(items.len(), 1);
    items.remove(0)
}

#[test]
fn every_request_is_read_and_written_to_the_same_bytes() {
    let mut seen = BTreeSet::new();
    for line in golden("requests.jsonl").lines() {
        let incoming = only(decode_frame(line, &Limits::default()).unwrap());
        let Incoming::Request { id, command } = incoming else { panic!("{line}: {incoming:?}") };
        assert_eq!(encode_request(id.as_ref(), &command), line);
        assert_eq!(id.is_none(), command.is_notification(), "{line}");
        seen.insert(command.method());
    }
    assert_eq!(seen, Command::METHODS.iter().copied().collect());
}

#[test]
fn every_result_is_read_and_written_to_the_same_bytes() {
    let mut seen = BTreeSet::new();
    let text = golden("results.jsonl");
    for line in text.lines() {
        let Golden { of, frame } = serde_json::from_str(line).unwrap();
        let answer = only(decode_server_frame(frame.get()).unwrap());
        let FromServer::Answer { id: Some(id), result: Ok(result) } = answer else { panic!("{line}") };
        assert_eq!(written_again(of, &id, &result), frame.get());
        seen.insert(of);
    }
    assert_eq!(seen, Command::METHODS.iter().copied().collect());
}

#[test]
fn every_event_is_read_and_written_to_the_same_bytes() {
    let mut seen = BTreeSet::new();
    for line in golden("events.jsonl").lines() {
        let FromServer::Event(event) = only(decode_server_frame(line).unwrap()) else { panic!("{line}") };
        assert_eq!(event.encode(), line);
        seen.insert(event.method().to_owned());
    }
    assert_eq!(seen, Event::METHODS.iter().map(|method| (*method).to_owned()).collect());
}

#[test]
fn every_error_is_read_and_written_to_the_same_bytes() {
    let mut kinds = Vec::new();
    for line in golden("errors.jsonl").lines() {
        let FromServer::Answer { id, result: Err(error) } = only(decode_server_frame(line).unwrap()) else {
            panic!("{line}")
        };
        assert_eq!(encode_error(id.as_ref(), &error), line);
        // Over REST it is the same object without the envelope.
        assert!(line.ends_with(&error.body()[1..]), "{line}");
        kinds.push(error.kind);
    }
    assert_eq!(kinds, ErrorKind::ALL);
}

/// The document may break lines for the reader; a frame never does.
fn on_one_line(block: &str) -> String {
    let mut line = String::new();
    let (mut in_string, mut escaped) = (false, false);
    for char in block.chars() {
        if in_string || !char.is_whitespace() {
            line.push(char);
        }
        in_string ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
    }
    line
}

#[test]
fn the_document_shows_exactly_the_golden_frames() {
    let document = repository("docs/PROTOCOL.md");
    let shown: BTreeSet<String> = document
        .split("```json\n")
        .skip(1)
        .flat_map(|rest| {
            let block = rest.split("```").next().unwrap_or_default();
            block.split("\n\n").map(on_one_line).collect::<Vec<_>>()
        })
        .collect();
    let mut known = BTreeSet::new();
    for file in ["requests.jsonl", "events.jsonl", "errors.jsonl"] {
        known.extend(golden(file).lines().map(str::to_owned));
    }
    for line in golden("results.jsonl").lines() {
        known.insert(serde_json::from_str::<Golden<'_>>(line).unwrap().frame.get().to_owned());
    }
    let only_shown: Vec<_> = shown.difference(&known).collect();
    let only_known: Vec<_> = known.difference(&shown).collect();
    assert!(
        only_shown.is_empty() && only_known.is_empty(),
        "only shown: {only_shown:#?}\nmissing: {only_known:#?}"
    );
}

#[test]
fn the_document_names_every_method_event_error_and_close_code() {
    let document = repository("docs/PROTOCOL.md");
    let words = Command::METHODS.iter().chain(Event::METHODS).map(|name| format!("`{name}`"));
    let kinds = ErrorKind::ALL
        .iter()
        .map(|kind| format!("| `{}` | {} | {} |", kind.name(), kind.code(), kind.status()));
    let closes = bongsu_wire::CloseCode::ALL.iter().map(|close| format!("| {} |", close.code()));
    let routes =
        bongsu_wire::rest::ROUTES.iter().map(|route| format!("`{} {}`", route.verb.as_str(), route.path));
    for wanted in words.chain(kinds).chain(closes).chain(routes) {
        assert!(document.contains(&wanted), "docs/PROTOCOL.md does not have {wanted}");
    }
}

#[test]
fn the_openapi_document_is_the_checked_in_one() {
    let path = format!("{}/../../docs/openapi.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BONGSU_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, openapi()).unwrap();
    }
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert!(
        parse(&openapi()) == parse(&repository("docs/openapi.json")),
        "docs/openapi.json is old: run this test with BONGSU_UPDATE_GOLDEN=1"
    );
}
