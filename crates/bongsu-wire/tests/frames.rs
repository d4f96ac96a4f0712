//! What a client may send wrong, and what it is told.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use bongsu_types::Limits;
use bongsu_wire::{Command, ErrorKind, Incoming, ReplyTo, RequestId, SendMessage, WireError, decode_frame};

const ROOM: &str = "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f";

fn decode(frame: &str) -> Result<Vec<Incoming>, WireError> {
    decode_frame(frame, &Limits::default())
}

fn one(frame: &str) -> Incoming {
    let mut items = decode(frame).unwrap();
    assert_eq!(items.len(), 1);
    items.remove(0)
}

/// The refusal of a request of id 1.
fn refused(method: &str, params: &str) -> WireError {
    let frame = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    match one(&frame) {
        Incoming::Refused { to: ReplyTo::Id(RequestId::Number(1)), error } => error,
        other => panic!("{frame}: {other:?}"),
    }
}

/// The field that a request of id 1 is refused for.
fn field_at_fault(method: &str, params: &str) -> String {
    let error = refused(method, params);
    assert_eq!(error.kind, ErrorKind::InvalidParams, "{error:?}");
    error.field.unwrap()
}

fn sent(fields: &str) -> SendMessage {
    let params = format!(r#"{{"room":"{ROOM}","client_id":"c",{fields}}}"#);
    match one(&format!(r#"{{"jsonrpc":"2.0","method":"message.send","params":{params}}}"#)) {
        Incoming::Request { id: None, command: Command::SendMessage(message) } => message,
        other => panic!("{params}: {other:?}"),
    }
}

#[test]
fn a_frame_that_is_not_json_is_a_parse_error_as_a_whole() {
    for frame in ["", " ", "{", "[", "nope", "{\"a\":1}{}", "[{},]", "{\"a\":\"\u{1}\"}", "\u{feff}{}"] {
        assert_eq!(decode(frame).unwrap_err().kind, ErrorKind::Parse, "{frame}");
    }
}

#[test]
fn a_batch_has_one_to_thirty_two_items() {
    let batch = |items: usize| format!("[{}]", vec![r#"{"jsonrpc":"2.0","method":"ping"}"#; items].join(","));
    assert_eq!(decode(&batch(32)).unwrap().len(), 32);
    for frame in [batch(0), batch(33), batch(2_000), "5".into(), "\"x\"".into(), "null".into()] {
        assert_eq!(decode(&frame).unwrap_err().kind, ErrorKind::InvalidRequest, "{frame}");
    }
}

#[test]
fn a_faulty_item_of_a_batch_leaves_the_others_alone() {
    let items = decode(
        r#"[{"jsonrpc":"2.0","id":"a","method":"ping"}, 1, [], {"jsonrpc":"2.0","id":2,"method":"nope"},
            {"jsonrpc":"2.0","method":"session.ack","params":{}}]"#,
    )
    .unwrap();
    let told: Vec<_> = items
        .iter()
        .map(|item| match item {
            Incoming::Request { id, .. } => (id.clone().map_or(ReplyTo::Nobody, ReplyTo::Id), None),
            Incoming::Refused { to, error } => (to.clone(), Some(error.kind)),
        })
        .collect();
    assert_eq!(
        told,
        [
            (ReplyTo::Id(RequestId::Text("a".into())), None),
            (ReplyTo::Null, Some(ErrorKind::InvalidRequest)),
            (ReplyTo::Null, Some(ErrorKind::InvalidRequest)),
            (ReplyTo::Id(RequestId::Number(2)), Some(ErrorKind::UnknownMethod)),
            (ReplyTo::Nobody, Some(ErrorKind::InvalidParams)),
        ]
    );
}

#[test]
fn an_envelope_that_is_no_request_is_refused_with_the_id_when_it_is_known() {
    let to = |frame: &str| match one(frame) {
        Incoming::Refused { to, error } if error.kind == ErrorKind::InvalidRequest => to,
        other => panic!("{frame}: {other:?}"),
    };
    let known = ReplyTo::Id(RequestId::Number(1));
    assert_eq!(to(r#"{"id":1,"method":"ping"}"#), known);
    assert_eq!(to(r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#), known);
    assert_eq!(to(r#"{"jsonrpc":"2.0","id":1}"#), known);
    assert_eq!(to(r#"{"jsonrpc":"2.0","id":1,"method":null}"#), known);
    assert_eq!(to(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), ReplyTo::Null);
    assert_eq!(to(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#), ReplyTo::Null);
    assert_eq!(to(r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#), ReplyTo::Null);
    assert_eq!(to(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#), ReplyTo::Null);
    assert_eq!(
        to(&format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(65))),
        ReplyTo::Null
    );
    assert_eq!(to("{}"), ReplyTo::Null);
}

#[test]
fn params_must_be_an_object_and_may_be_absent() {
    assert!(matches!(one(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), Incoming::Request { .. }));
    for params in ["null", "[]", "\"x\"", "1"] {
        assert_eq!(field_at_fault("ping", params), "params", "{params}");
    }
    assert_eq!(field_at_fault("room.get", &format!("[\"{ROOM}\"]")), "params");
}

#[test]
fn the_field_at_fault_is_named_by_its_path() {
    let hello = |rest: &str| format!(r#"{{"token":"t",{rest}}}"#);
    for (method, params, field) in [
        ("room.get", "{}".to_owned(), "room"),
        ("room.get", r#"{"room":"nope"}"#.to_owned(), "room"),
        ("room.get", r#"{"room":null}"#.to_owned(), "room"),
        ("room.get", format!(r#"{{"room":"{ROOM}","room":"{ROOM}"}}"#), "room"),
        ("session.hello", hello(r#""device":{}"#), "device.id"),
        ("session.hello", hello(r#""device":["web"]"#), "device"),
        ("session.hello", hello(r#""device":{"id":"한글"}"#), "device.id"),
        ("session.hello", hello(r#""device":{"id":"d","name":null}"#), "device.name"),
        ("session.hello", hello(r#""device":{"id":"d"},"list":-1"#), "list"),
        ("session.hello", hello(r#""device":{"id":"d"},"epoch":9007199254740992"#), "epoch"),
        ("session.hello", hello(r#""device":{"id":"d"},"epoch":null"#), "epoch"),
        ("session.hello", hello(&format!(r#""device":{{"id":"d"}},"cursors":{{"{ROOM}":"1"}}"#)), "cursors"),
        ("room.create", r#"{"kind":"direct","members":["ok","not ok"]}"#.to_owned(), "members[1]"),
        ("room.create", r#"{"kind":"club","members":[]}"#.to_owned(), "kind"),
        (
            "room.create",
            r#"{"kind":"group","members":[],"retention":{"mode":"history","days":0}}"#.to_owned(),
            "retention",
        ),
        ("user.upsert", r#"{"users":[{"user":"a","data":[]}]}"#.to_owned(), "users[0].data"),
        ("user.upsert", r#"{"users":[["a"]]}"#.to_owned(), "users[0]"),
        ("message.history", format!(r#"{{"room":"{ROOM}","before":5,"after":5}}"#), "after"),
    ] {
        let at = field_at_fault(method, &params);
        assert!(
            at == field || at.strip_prefix(field).is_some_and(|rest| rest.starts_with('.')),
            "{params}: {at}"
        );
    }
}

#[test]
fn null_is_refused_where_a_value_may_be_absent() {
    for field in ["text", "reply_to", "mentions", "data", "silent", "keep_unread", "attachments"] {
        let params = format!(r#"{{"room":"{ROOM}","client_id":"c","{field}":null}}"#);
        assert_eq!(field_at_fault("message.send", &params), field);
    }
}

#[test]
fn the_null_character_is_refused_in_every_text() {
    for fields in [r#""text":"a\u0000b""#, r#""data":{"a":"\u0000"}"#, r#""data":{"\u0000":1}"#] {
        let params = format!(r#"{{"room":"{ROOM}","client_id":"c",{fields}}}"#);
        assert!(fields.contains(&field_at_fault("message.send", &params)));
    }
    let params = format!(r#"{{"room":"{ROOM}","client_id":"\u0000"}}"#);
    assert_eq!(field_at_fault("message.send", &params), "client_id");
}

#[test]
fn data_keeps_its_text_and_null_inside_is_the_host_apps_own_matter() {
    let message = sent(r#""data": { "b":1.0,  "a":null }"#);
    assert_eq!(message.data.unwrap().as_str(), r#"{ "b":1.0,  "a":null }"#);
}

#[test]
fn absence_means_the_default() {
    let message = sent(r#""text":"안녕","unknown":[null]"#);
    assert_eq!((message.text.as_str(), message.silent, message.keep_unread), ("안녕", false, false));
    assert!(message.mentions.is_empty() && message.reply_to.is_none() && message.data.is_none());
}

#[test]
fn mentions_are_user_ids_or_everybody() {
    let mentions = sent(r#""mentions":["bob","@all"]"#).mentions;
    assert!(mentions.all);
    assert_eq!(mentions.users.len(), 1);
}

#[test]
fn attachments_are_unsupported_and_their_methods_unknown() {
    assert!(sent(r#""text":"x","attachments":[]"#).attachments.is_empty());
    let error =
        refused("message.send", &format!(r#"{{"room":"{ROOM}","client_id":"c","attachments":["a"]}}"#));
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Unsupported, Some("attachments")));
    for method in ["attachment.create", "attachment.url", "message.search"] {
        assert_eq!(refused(method, "{}").kind, ErrorKind::UnknownMethod);
    }
}

#[test]
fn deep_nesting_is_read_without_a_deep_stack() {
    let deep = "[".repeat(60_000) + &"]".repeat(60_000);
    let error =
        refused("message.send", &format!(r#"{{"room":"{ROOM}","client_id":"c","data":{{"a":{deep}}}}}"#));
    assert_eq!(error.field.as_deref(), Some("data"));
    assert!(matches!(
        one(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{deep}}}}}"#)),
        Incoming::Request { .. }
    ));
}
