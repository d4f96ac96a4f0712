//! The neutral form, and the Korean set in it where `BONGSU_TEST_DATA` names it.

use std::path::PathBuf;
use std::sync::Arc;

use bongsu_import::jsonl::{Export, FieldMap, JsonlOptions};
use bongsu_import::{Input, ReadError, Skipped, Source, UtcOffset};
use bongsu_types::{Limits, Millis, RoomKind, Seq};

use crate::support::{World, error, kind, names, only_room, reactions, test_data, texts, whole};

pub(crate) const LINES: &str = r#"{"room": "r1", "user": "ann", "at": "2026-01-02T03:04:05Z", "text": "hi", "id": "m1", "reactions": {"👍": ["bob"]}, "unknown": 1}
{"type": "message", "room": "r1", "user": 7, "name": "Seven", "at": 1767323046, "text": "seconds", "id": 2, "reply_to": "m1", "edited_at": 1767323046123}

{"type": "room", "id": "r1", "kind": "channel", "name": "Camp", "members": ["eve"], "owner": "ann", "created_at": "2025-12-31"}
{"type": "user", "id": "ann", "name": "Ann Lee"}
{"type": "room", "id": "r2", "kind": "direct", "members": ["ann", "bob"]}
{"room": "r2", "user": "bob", "at": "2026-01-02", "data": {"order": 5}}
"#;

pub(crate) fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Export, ReadError> {
    open_with(bytes, JsonlOptions::default())
}

fn open_with(bytes: impl Into<Arc<[u8]>>, options: JsonlOptions) -> Result<Export, ReadError> {
    Ok(Export::new(Input::memory("a.jsonl", bytes), Arc::new(options)))
}

#[test]
fn messages_rooms_and_users_are_read_in_any_order() {
    let rooms = whole(&open(LINES.as_bytes()).unwrap());
    let [camp, direct] = &rooms[..] else { panic!("{} rooms", rooms.len()) };
    assert_eq!((camp.key.as_str(), kind(camp)), ("jsonl:r1", RoomKind::Channel));
    assert_eq!((texts(camp), names(camp)), (vec!["hi", "seconds"], vec!["Ann Lee", "", "Seven", ""]));
    assert_eq!(reactions(&camp.messages[0]), [("👍", vec!["jsonl:bob"])]);
    let second = &camp.messages[1];
    assert_eq!((second.sender.as_str(), second.reply_to), ("jsonl:7", Some(Seq(1))));
    assert_eq!(
        (second.at_ms, second.edited_ms),
        (Millis(1_767_323_046_000), Some(Millis(1_767_323_046_123)))
    );
    assert_eq!(camp.details.as_ref().unwrap().created_ms, Some(Millis(1_767_139_200_000)));
    assert_eq!(kind(direct), RoomKind::Direct);
    assert_eq!(direct.messages[0].data.as_ref().unwrap().as_str(), r#"{"order":5}"#);
}

#[test]
fn ids_of_the_host_app_are_taken_as_they_are() {
    let options = JsonlOptions { ids_as_given: true, ..JsonlOptions::default() };
    let line = r#"{"room": "r1", "user": "ann.lee", "at": 1, "text": "hi"}"#;
    let room = only_room(&open_with(line.as_bytes(), options.clone()).unwrap());
    assert_eq!((room.key.as_str(), room.messages[0].sender.as_str()), ("r1", "ann.lee"));
    let wrong =
        error(open_with(r#"{"room": "r1", "user": "앤", "at": 1, "text": "hi"}"#.as_bytes(), options));
    assert!(wrong.contains("user id \"앤\": must consist of"), "{wrong}");
}

#[test]
fn what_is_wrong_names_the_line_and_what_was_expected() {
    let told = |line: &str| error(open(format!("{{\"type\": \"user\", \"id\": 1}}\n{line}\n").into_bytes()));
    for (line, expected) in [
        ("{\"room\": \"r\"", "a.jsonl, line 2: it ends in the middle; expected a JSON object like"),
        ("[1]", "line 2: invalid type: sequence"),
        ("{}", "line 2: no `room`; expected a message has `room`, `user`, `at` and `text`"),
        (r#"{"room": "r", "user": "u"}"#, "line 2: no `at`; expected the time of a message"),
        (r#"{"room": "r", "user": "u", "at": "soon"}"#, "line 2: `at` is \"soon\"; expected a time like"),
        (r#"{"room": "r", "user": {}, "at": 1}"#, "line 2: `user` is an object; expected a text"),
        (
            r#"{"room": "r", "user": "u", "at": 1, "reactions": ["x"]}"#,
            "line 2: `reactions` is a list; expected an object",
        ),
        (r#"{"type": "wish"}"#, "line 2: type \"wish\"; expected \"message\", \"room\" or \"user\""),
        (r#"{"type": "room", "id": "r", "kind": "party"}"#, "line 2: kind \"party\"; expected \"direct\""),
    ] {
        let found = told(line);
        assert!(found.contains(expected), "{line}: {found}");
    }
    assert!(FieldMap::of(["colour=x"]).unwrap_err().to_string().contains("FIELD is one of type, id, room"));
}

#[tokio::test]
async fn hostile_text_is_cleaned_and_what_is_too_long_is_counted() {
    let max = Limits::default().text_bytes;
    let line = |text: &str| serde_json::json!({"room": "r", "user": "u", "at": 1, "text": text}).to_string();
    let lines = [
        line("a\0b\u{7}\u{202e}c"),
        line(&"x".repeat(max)),
        line(&"x".repeat(max + 1)),
        line("\u{1}\u{2}"),
        serde_json::json!({"room": "r", "user": "u", "at": 1, "text": "data", "data": {"k": "x".repeat(9_000)}}).to_string(),
        serde_json::json!({"room": "r", "user": "u", "at": 1, "text": "nul", "data": {"k": "\0"}}).to_string(),
    ];
    let source: Arc<dyn Source> = Arc::new(open(lines.join("\n").into_bytes()).unwrap());
    let world = World::new();
    let report = world.import(&source).await.unwrap();
    assert_eq!(report.messages, 4);
    assert_eq!(report.skipped[&Skipped::TooLong], 1);
    assert_eq!(report.skipped[&Skipped::WithoutText], 1);
    assert_eq!(report.skipped[&Skipped::Data], 2);
    let seen = world.messages("jsonl:u", world.room("jsonl:r").await).await;
    assert_eq!(seen[0].record.body.message().unwrap().text, "abc");
}

#[tokio::test]
async fn the_korean_set_is_read_whole_by_its_own_field_names() {
    let Some(data) = test_data() else { return };
    let path = PathBuf::from(data).join("nsmc-reviews-ko/nsmc_2015-08-20_27.jsonl");
    let map = ["room=movie_id", "user=author", "id=review_id", "at=date", "text=review"];
    let options = JsonlOptions {
        prefix: "nsmc".to_owned(),
        map: FieldMap::of(map).unwrap(),
        offset: UtcOffset::KST,
        ..JsonlOptions::default()
    };
    let source: Arc<dyn Source> = Arc::new(Export::new(Input::file(&path).unwrap(), Arc::new(options)));
    let world = World::new();
    let report = world.import(&source).await.unwrap();
    assert_eq!((report.messages, report.rooms), (7_472, 1_972));
    assert_eq!(report.skipped[&Skipped::WithoutText], 1);
    let seen = world.messages("nsmc:choc.2a.2a.2a.2a", world.room("nsmc:124041").await).await;
    assert_eq!(seen[0].record.at_ms, Millis(1_439_996_400_000), "2015-08-20 in Korea");
}
