//! Telegram, over a small chat and a small account.

use std::sync::Arc;

use bongsu_import::telegram::Export;
use bongsu_import::{Input, ReadError, Skipped, Source, UtcOffset};
use bongsu_types::{Millis, RoomKind, Seq};

use crate::support::{World, error, kind, names, only_room, reactions, texts, whole};

pub(crate) const CHAT: &str = r#"{
 "name": "Ann",
 "type": "personal_chat",
 "id": 300000000,
 "messages": [
  {"id": 1, "type": "message", "date": "2018-12-05T10:49:24", "date_unixtime": "1544006964", "edited": "2018-12-05T10:50:00", "edited_unixtime": "1544007000",
   "from": "Ann", "from_id": "user300000000", "text": [{"type": "bold", "text": "Link:"}, " ", {"type": "link", "text": "https://telegram.org/"}, {"type": "text_link", "text": " here", "href": "https://x.example"}],
   "reactions": [{"type": "emoji", "count": 2, "emoji": "👍", "recent": [{"from": "Bob", "from_id": "user2", "date": "2018-12-05T10:49:24"}]}]},
  {"id": 2, "type": "service", "date": "2018-12-05T10:49:25", "actor": "Ann", "actor_id": "user300000000", "action": "phone_call", "text": ""},
  {"id": 3, "type": "message", "date": "2018-12-05T10:49:26", "date_unixtime": "1544006966", "from": "Bob", "from_id": "user2", "reply_to_message_id": 1, "text": "a\x0Bb \\x41"},
  {"id": 4, "type": "message", "date": "2018-12-05T10:49:27", "date_unixtime": "1544006967", "from": null, "from_id": "user300000000", "photo": "(File not included. Change data exporting settings to download.)", "width": 960, "text": ""},
  {"id": 5, "type": "message", "date": "2018-12-05T10:49:28", "from": "Bob", "from_id": 2, "file": "files/report.pdf", "mime_type": "application/pdf", "text": "see"}
 ]
}"#;

const ACCOUNT: &str = r#"{"about": "x", "personal_information": {"user_id": 1}, "contacts": {"about": "", "list": [{"first_name": "A"}]},
 "chats": {"about": "y", "list": [
  {"name": "Camp", "type": "private_supergroup", "id": 7, "messages": [{"id": 1, "type": "message", "date_unixtime": "1", "from": "A", "from_id": "user1", "text": "one"}]},
  {"type": "saved_messages", "id": 7, "messages": [{"id": 1, "type": "message", "date_unixtime": "1", "from": "A", "from_id": "user1", "text": "", "poll": {"question": "tea?", "answers": [{"text": "yes"}]}}]}
 ]},
 "left_chats": {"about": "z", "list": [{"name": "News", "type": "public_channel", "id": 9, "messages": [{"id": 1, "type": "message", "date_unixtime": "1", "from": "News", "from_id": "channel9", "text": "hot"}]}]}}"#;

pub(crate) fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Export, ReadError> {
    Ok(Export::new(Input::memory("result.json", bytes), UtcOffset::UTC))
}

#[test]
fn a_chat_is_read_with_its_forms_replies_edits_and_reactions() {
    let room = only_room(&open(CHAT.as_bytes()).unwrap());
    assert_eq!((room.key.as_str(), kind(&room)), ("telegram:user300000000", RoomKind::Direct));
    let expected = ["Link: https://telegram.org/ here (https://x.example)", "ab \\x41", "photo", "see"];
    assert_eq!(texts(&room), expected);
    assert_eq!(names(&room), ["Ann", "Bob"], "a number is the same person as its text");
    let first = &room.messages[0];
    assert_eq!((first.at_ms, first.edited_ms), (Millis(1_544_006_964_000), Some(Millis(1_544_007_000_000))));
    assert_eq!(reactions(first), [("👍", vec!["telegram:user2"])]);
    assert_eq!(room.messages[1].reply_to, Some(Seq(1)));
    assert_eq!(room.messages[3].at_ms, Millis(1_544_006_968_000), "without a zone the given one holds");
    let data = room.messages[3].data.as_ref().unwrap().as_str();
    assert_eq!(data, r#"{"attachments":[{"kind":"file","name":"report.pdf","file":"files/report.pdf"}]}"#);
}

#[tokio::test]
async fn an_account_has_a_room_for_each_chat_and_service_messages_are_counted() {
    let rooms = whole(&open(ACCOUNT.as_bytes()).unwrap());
    let found: Vec<(&str, RoomKind)> = rooms.iter().map(|room| (room.key.as_str(), kind(room))).collect();
    let expected = [
        ("telegram:channel7", RoomKind::Group),
        ("telegram:user7", RoomKind::Direct),
        ("telegram:channel9", RoomKind::Channel),
    ];
    assert_eq!(found, expected);
    assert_eq!(texts(&rooms[1]), ["tea?\n- yes"]);
    let source: Arc<dyn Source> = Arc::new(open(ACCOUNT.as_bytes()).unwrap());
    let report = World::new().import(&source).await.unwrap();
    assert_eq!((report.rooms, report.refused.len()), (3, 0), "saved messages are a group of one");
    let chat: Arc<dyn Source> = Arc::new(open(CHAT.as_bytes()).unwrap());
    let report = World::new().import(&chat).await.unwrap();
    assert_eq!(report.skipped[&Skipped::ServerLine], 1);
    assert_eq!(report.skipped[&Skipped::Reaction], 1);
}

#[test]
fn what_is_wrong_names_the_line() {
    let cut = error(open(&CHAT.as_bytes()[..CHAT.len() - 20]));
    assert!(cut.contains("it ends in the middle; expected a whole result.json"), "{cut}");
    assert!(error(open(b"{\"a\": 1}".to_vec())).contains("no `messages` and no `chats`"));
    let order = error(open(b"{\n\"messages\": []}".to_vec()));
    assert!(order.contains("line 2: `messages` before the `type` and `id`"), "{order}");
    let wrong = error(open(CHAT.replace("\"1544006966\"", "\"soon\"").into_bytes()));
    assert!(wrong.starts_with("result.json, line 10: \"soon\" is no time"), "{wrong}");
}
