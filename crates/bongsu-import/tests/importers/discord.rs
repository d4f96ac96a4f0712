//! Discord, over small files as DiscordChatExporter writes them.

use std::sync::Arc;

use bongsu_import::discord::{Channel, exports};
use bongsu_import::{Input, ReadError, Skipped, Source};
use bongsu_types::{Millis, RoomKind, Seq};

use crate::support::{World, error, kind, names, only_room, reactions, texts};

pub(crate) const CHANNEL: &str = r#"{
  "guild": {"id": "1", "name": "Camp", "iconUrl": "x"},
  "channel": {"id": "9007199254740993", "type": "GuildTextChat", "categoryId": "2", "category": "Text", "name": "general", "topic": null},
  "dateRange": {"after": null, "before": null},
  "exportedAt": "2026-01-01T00:00:00+00:00",
  "messages": [
    {"id": "447793085255123005", "type": "Default", "timestamp": "2018-05-20T16:09:51.118+00:00", "timestampEdited": "2018-05-20T16:10:00+00:00",
     "content": "hello", "author": {"id": "111111111111111111", "name": "ann", "discriminator": "0000", "nickname": "Ann", "isBot": false},
     "attachments": [{"id": "1", "url": "https://cdn.example/a.png?ex=1&hm=secret", "fileName": "a.png", "fileSizeBytes": 165152}],
     "reactions": [{"emoji": {"id": "", "name": "👍", "code": "thumbsup"}, "count": 2, "users": [{"id": "222222222222222222", "name": "bob"}]},
                   {"emoji": {"id": "5", "name": "camp", "code": "camp"}, "count": 1}]},
    {"id": "447793085255123006", "type": "GuildMemberJoin", "timestamp": "2018-05-20T16:09:52+00:00", "content": "Joined", "author": {"id": "3", "name": "eve"}},
    {"id": "447793085255123007", "type": "Reply", "timestamp": "2018-05-21T01:09:52+09:00", "timestampEdited": null, "content": "hi",
     "author": {"id": "222222222222222222", "name": "bob"}, "reference": {"messageId": "447793085255123005", "channelId": "x", "guildId": "1"}},
    {"id": "447793085255123008", "type": "Default", "timestamp": "2018-05-20T16:09:53+00:00", "content": "",
     "author": {"id": "222222222222222222", "name": "bob"}, "reference": {"type": "Forward", "messageId": "447793085255123005"},
     "forwardedMessage": {"timestamp": "2018-05-20T16:09:53+00:00", "content": "passed on", "attachments": []}},
    {"id": "447793085255123009", "type": "Default", "timestamp": "2018-05-20T16:09:54+00:00", "content": "",
     "author": {"id": "4", "name": "bot", "isBot": true}, "embeds": [{"title": "Build", "description": "passed", "url": "https://ci.example"}]}
  ],
  "messageCount": 5
}"#;

pub(crate) fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Channel, ReadError> {
    Channel::open(Input::memory("general.json", bytes))
}

#[test]
fn a_channel_is_read_with_its_replies_edits_and_reactions() {
    let room = only_room(&open(CHANNEL.as_bytes()).unwrap());
    assert_eq!((room.key.as_str(), kind(&room)), ("discord:9007199254740993", RoomKind::Channel));
    assert_eq!(room.details.as_ref().unwrap().name, "Camp #general");
    assert_eq!(texts(&room), ["hello", "hi", "passed on", "Build\npassed\nhttps://ci.example"]);
    assert_eq!(names(&room), ["Ann", "bob", "bot"]);
    let first = &room.messages[0];
    assert_eq!((first.at_ms, first.edited_ms), (Millis(1_526_832_591_118), Some(Millis(1_526_832_600_000))));
    assert_eq!(reactions(first), [("👍", vec!["discord:222222222222222222"])]);
    let data = first.data.as_ref().unwrap().as_str();
    assert!(data.contains(r#""url":"https://cdn.example/a.png","bytes":165152"#), "{data}");
    assert_eq!(room.messages[1].at_ms, Millis(1_526_832_592_000));
    let replies: Vec<Option<Seq>> = room.messages.iter().map(|message| message.reply_to).collect();
    assert_eq!(replies, [None, Some(Seq(1)), None, None], "what is passed on is no answer");
}

#[tokio::test]
async fn the_parts_of_a_channel_are_one_room_and_no_message_comes_twice() {
    let dir = tempfile::tempdir().unwrap();
    let second = CHANNEL.replace("447793085255123009", "447793085255123010");
    std::fs::write(dir.path().join("general [part 1].json"), CHANNEL).unwrap();
    std::fs::write(dir.path().join("general [part 2].json"), second).unwrap();
    std::fs::write(dir.path().join("other.json"), "{\"a\": 1}").unwrap();
    let mut found = exports(&[dir.path().to_owned()]).unwrap();
    assert_eq!(found.len(), 2);
    assert!(
        found.pop().unwrap().channel.unwrap_err().to_string().contains("no `channel` before the messages")
    );
    let source: Arc<dyn Source> = Arc::new(found.pop().unwrap().channel.unwrap());
    let report = World::new().import(&source).await.unwrap();
    assert_eq!((report.rooms, report.messages), (1, 5));
    assert_eq!(report.skipped[&Skipped::Repeated], 4);
    assert_eq!(report.skipped[&Skipped::Reaction], 2, "people that the file does not name");
}

#[test]
fn what_is_wrong_names_the_line() {
    let cut = error(open(&CHANNEL.as_bytes()[..CHANNEL.len() - 30]));
    assert!(cut.contains(": it ends in the middle; expected a whole DiscordChatExporter JSON"), "{cut}");
    let wrong = error(open(CHANNEL.replace("2018-05-20T16:09:51.118+00:00", "soon").into_bytes()));
    assert!(wrong.starts_with("general.json, line 11: \"soon\" is no time"), "{wrong}");
    assert!(error(open(b"[1]".to_vec())).contains("no `channel` before the messages"));
}
