//! Slack, over a small workspace, and the real export where `BONGSU_TEST_DATA` names it.

use std::path::PathBuf;
use std::sync::Arc;

use bongsu_import::slack::Workspace;
use bongsu_import::{Skipped, Source};
use bongsu_types::{Millis, RoomKind, Seq};

use crate::support::{World, error, kind, names, only_room, reactions, test_data, texts, whole, zip_of};

pub(crate) const PARTS: [(&str, &[u8]); 10] = [
    (
        "users.json",
        br#"[{"id": "U1", "name": "ann", "profile": {"display_name": "Ann", "real_name": "Ann Lee"}},
            {"id": "U2", "name": "bob", "real_name": "Bob", "profile": {"display_name": ""}}]"#,
    ),
    (
        "channels.json",
        br#"[{"id": "C1", "name": "general", "created": "1452837318", "creator": "U2", "members": ["U1", "U2", "U3"]}]"#,
    ),
    ("mpims.json", br#"[{"id": "G1", "name": "mpdm-ann--bob--eve-1", "created": 1, "members": ["U1", "U2", "U3"]}]"#),
    ("dms.json", br#"[{"id": "D1", "created": 1452837318, "members": ["U1", "U2"]}]"#),
    ("general/", b""),
    (
        "general/2016-01-14.json",
        r#"[{"type": "message", "subtype": "channel_join", "user": "U1", "text": "<@U1> has joined", "ts": "1452837318.000002"},
            {"type": "message", "user": "U1", "text": "hi <@U2>, see <https://x.example|docs> &amp; <#C1>", "ts": "1452837352.000006",
             "thread_ts": "1452837352.000006", "edited": {"user": "U1", "ts": "1452837400.000000"},
             "reactions": [{"name": "+1", "users": ["U2", "U3"], "count": 3}, {"name": "party-parrot", "users": ["U2"], "count": 1}]},
            {"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "deploy", "text": "", "ts": "1452837360.000000",
             "attachments": [{"pretext": "done", "title": "v2", "fallback": "x"}]}]"#
            .as_bytes(),
    ),
    (
        "general/2016-01-15.json",
        br#"[{"user": "U2", "text": "in the thread", "ts": "1452923718.5", "thread_ts": "1452837352.000006"},
            {"subtype": "thread_broadcast", "user": "U2", "text": "for all", "ts": "1452923719.000001", "thread_ts": "1452837352.000006"},
            {"user": "U2", "text": "lost thread", "ts": "1452923720.000001", "thread_ts": "1400000000.000001"},
            {"user": "U1", "text": "", "ts": "1452923721.000001", "files": [{"name": "a.png", "mimetype": "image/png", "size": 5,
              "url_private": "https://files.example/a.png?t=xoxe-secret"}]},
            {"text": "nobody", "ts": "1452923722.000001"},
            {"user": "U1", "text": "", "ts": "1452923723.000001",
              "blocks": [{"type": "rich_text", "block_id": "b", "elements": [{"type": "text", "text": "from blocks"}]}]}]"#,
    ),
    ("mpdm-ann--bob--eve-1/2016-01-14.json", br#"[{"user": "U3", "text": "three of us", "ts": "1452837318.000002"}]"#),
    ("D1/2016-01-14.json", br#"[{"user": "U1", "text": "two of us", "ts": "1452837318.000002"}]"#),
    ("../D1/2016-01-15.json", br#"[{"user": "U1", "text": "evil", "ts": "1452837318.000002"}]"#),
];

#[test]
fn a_workspace_is_read_with_its_threads_edits_and_reactions() {
    let (_dir, path) = zip_of("export.zip", &PARTS);
    let rooms = whole(&Workspace::open(&path).unwrap());
    let [general, group, direct] = &rooms[..] else { panic!("{} rooms", rooms.len()) };

    assert_eq!((general.key.as_str(), kind(general)), ("slack:C1", RoomKind::Channel));
    assert_eq!(
        texts(general),
        [
            "hi @Bob, see docs (https://x.example) & #general",
            "done\nv2",
            "in the thread",
            "for all",
            "lost thread",
            "a.png",
            "from blocks"
        ]
    );
    assert_eq!(names(general), ["Ann", "Bob", "", "deploy"], "U3 has no name anywhere");
    let first = &general.messages[0];
    assert_eq!((first.at_ms, first.edited_ms), (Millis(1_452_837_352_000), Some(Millis(1_452_837_400_000))));
    assert_eq!(
        reactions(first),
        [("👍", vec!["slack:U2", "slack:U3"]), (":party-parrot:", vec!["slack:U2"])]
    );
    let replies: Vec<Option<Seq>> = general.messages.iter().map(|message| message.reply_to).collect();
    assert_eq!(replies, [None, None, Some(Seq(1)), Some(Seq(1)), None, None, None]);
    assert_eq!(general.messages[2].at_ms, Millis(1_452_923_718_500));
    let data = general.messages[5].data.as_ref().unwrap().as_str();
    assert_eq!(
        data,
        r#"{"attachments":[{"kind":"photo","name":"a.png","url":"https://files.example/a.png","bytes":5}]}"#
    );

    assert_eq!(
        (kind(group), group.details.as_ref().unwrap().name.as_str()),
        (RoomKind::Group, "Ann, Bob, U3")
    );
    assert_eq!((kind(direct), texts(direct)), (RoomKind::Direct, vec!["two of us"]));
}

#[tokio::test]
async fn it_is_imported_with_what_it_left_out_counted() {
    let (_dir, path) = zip_of("export.zip", &PARTS);
    let source: Arc<dyn Source> = Arc::new(Workspace::open(&path).unwrap());
    let world = World::new();
    let report = world.import(&source).await.unwrap();
    assert_eq!((report.rooms, report.messages, report.refused.len()), (3, 9, 0));
    assert_eq!(report.skipped[&Skipped::ServerLine], 1);
    assert_eq!(report.skipped[&Skipped::WithoutAuthor], 1);
    assert_eq!(report.skipped[&Skipped::ReplyTarget], 1);
    assert_eq!(report.skipped[&Skipped::Reaction], 1, "one of three is not named");
    assert_eq!(report.skipped[&Skipped::EntryName], 1);
    let seen = world.messages("slack:U2", world.room("slack:C1").await).await;
    let first = seen[0].record.body.message().unwrap();
    assert_eq!((first.reactions[0].count, seen[0].mine.len()), (2, 2));
}

#[test]
fn what_is_wrong_names_the_day_and_the_line() {
    let open = |parts: &[(&str, &[u8])]| {
        let (_dir, path) = zip_of("export.zip", parts);
        error(Workspace::open(&path)).rsplit('/').next().unwrap().to_owned()
    };
    assert!(open(&[("a.txt", b"")]).contains("no users.json or channels.json in it"));
    let users = ("users.json", &b"[]"[..]);
    let cut = open(&[users, ("general/2016-01-14.json", b"[{\"ts\": \"1.0\", \"text\": \"a\"},\n")]);
    assert!(
        cut.starts_with("2016-01-14.json, line 2: it ends in the middle; expected a JSON array of messages"),
        "{cut}"
    );
    let wrong = open(&[
        users,
        ("general/2016-01-14.json", b"[\n{\"ts\": \"soon\", \"text\": \"a\", \"user\": \"U1\"}]"),
    ]);
    assert!(wrong.contains("line 2: ts \"soon\" is no time"), "{wrong}");
    let wrong = open(&[("users.json", b"{\"a\": 1}")]);
    assert!(wrong.contains("users.json, line 1: invalid type: map, expected an array"), "{wrong}");
}

#[tokio::test]
async fn the_real_export_is_read_whole() {
    let Some(data) = test_data() else { return };
    let folder = PathBuf::from(data).join("importer-fixtures/slack");
    let source: Arc<dyn Source> = Arc::new(Workspace::open(&folder.join("slack-export.zip")).unwrap());
    let world = World::new();
    let report = world.import(&source).await.unwrap();
    // 158 messages: 8 joins and 3 bots added are system messages.
    assert_eq!((report.rooms, report.messages), (2, 147));
    assert_eq!(report.skipped[&Skipped::ServerLine], 11);
    assert_eq!(report.skipped.len(), 1);

    for (file, expected) in [
        ("thread_normal.json", vec![None, Some(Seq(1)), None, Some(Seq(3))]),
        ("thread_broadcast_reply.json", vec![None, Some(Seq(1)), Some(Seq(1))]),
    ] {
        let day = std::fs::read(folder.join(file)).unwrap();
        let (_dir, path) = zip_of("export.zip", &[("users.json", b"[]"), ("random/2020-01-01.json", &day)]);
        let room = only_room(&Workspace::open(&path).unwrap());
        let replies: Vec<Option<Seq>> = room.messages.iter().map(|message| message.reply_to).collect();
        assert_eq!(replies, expected, "{file}");
    }
}
