//! Mattermost, over a small export, and the one of every kind of line where `BONGSU_TEST_DATA` names it.

use std::path::PathBuf;
use std::sync::Arc;

use bongsu_import::mattermost::Export;
use bongsu_import::{Input, ReadError, Source};
use bongsu_types::{Millis, RoomKind, Seq};

use crate::support::{World, error, kind, names, reactions, test_data, texts, whole, zip_of};

pub(crate) const EXPORT: &str = r#"{"type":"version","version":1}
{"type":"team","team":{"name":"t","display_name":"T","type":"O"}}
{"type":"channel","channel":{"team":"t","name":"town","display_name":"Town","type":"O","header":""}}
{"type":"channel","channel":{"team":"t","name":"secret","display_name":"","type":"P"}}
{"type":"user","user":{"username":"ann","nickname":"","first_name":"Ann","last_name":"Lee","teams":[{"name":"t","channels":[{"name":"town","roles":"channel_admin channel_user"}]}]}}
{"type":"user","user":{"username":"bob","teams":null}}
{"type":"post","post":{"team":"t","channel":"town","user":"ann","message":"hello","create_at":1553166657086,"edit_at":1553166657100,"reactions":[{"user":"bob","emoji_name":"tada","create_at":1},{"user":"ann","emoji_name":"tada","create_at":1}],"replies":[{"user":"bob","message":"older reply","create_at":1553166584976}],"attachments":[{"path":"a b/this is a file"}]}}
{"type":"post","post":{"team":"t","channel":"secret","user":"eve","message":"hush","create_at":1553166657087,"reactions":null,"replies":null}}
{"type":"direct_post","direct_post":{"channel_members":["bob","ann"],"user":"ann","message":"hey bob","create_at":1566376137676,"replies":null}}
{"type":"direct_channel","direct_channel":{"members":["ann","bob"],"header":""}}
{"type":"direct_channel","direct_channel":{"members":["ann","ann"],"header":""}}
{"type":"emoji","emoji":{"name":"tick","image":"x.png"}}
"#;

pub(crate) fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Export, ReadError> {
    Ok(Export::new(Input::memory("export.jsonl", bytes)))
}

#[test]
fn channels_direct_rooms_replies_edits_and_reactions_are_read() {
    let rooms = whole(&open(EXPORT.as_bytes()).unwrap());
    let keys: Vec<&str> = rooms.iter().map(|room| room.key.as_str()).collect();
    assert_eq!(
        keys,
        ["mattermost:t/town", "mattermost:t/secret", "mattermost:direct/ann,bob", "mattermost:direct/ann"]
    );
    let kinds: Vec<RoomKind> = rooms.iter().map(kind).collect();
    assert_eq!(kinds, [RoomKind::Channel, RoomKind::Group, RoomKind::Direct, RoomKind::Group]);
    let town = &rooms[0];
    assert_eq!((texts(town), names(town)), (vec!["hello", "older reply"], vec!["Ann Lee", "bob"]));
    assert_eq!(
        (town.messages[0].edited_ms, town.messages[1].reply_to),
        (Some(Millis(1_553_166_657_100)), Some(Seq(1)))
    );
    assert_eq!(reactions(&town.messages[0]), [("🎉", vec!["mattermost:bob", "mattermost:ann"])]);
    let data = town.messages[0].data.as_ref().unwrap().as_str();
    assert_eq!(
        data,
        r#"{"attachments":[{"kind":"file","name":"this is a file","file":"a b/this is a file"}]}"#
    );
}

#[tokio::test]
async fn it_is_imported_from_its_zip_and_an_empty_direct_room_is_there_too() {
    let (_dir, path) = zip_of("export.zip", &[("import.jsonl", EXPORT.as_bytes()), ("data/x.png", b"x")]);
    let source: Arc<dyn Source> = Arc::new(Export::open(&path).unwrap());
    let world = World::new();
    let report = world.import(&source).await.unwrap();
    assert_eq!((report.rooms, report.messages, report.refused.len()), (4, 4, 0));
    assert_eq!(world.messages("mattermost:ann", world.room("mattermost:direct/ann").await).await.len(), 0);
}

#[test]
fn what_is_wrong_names_the_line() {
    let cut = error(open(&EXPORT.as_bytes()[..200]));
    assert!(
        cut.starts_with("export.jsonl, line 4: it ends in the middle; expected a line of a Mattermost"),
        "{cut}"
    );
    let other = error(open(b"{\"type\":\"post\"}\n".to_vec()));
    assert!(other.contains("line 1: type \"post\"; expected `{\"type\": \"version\""), "{other}");
    let wrong = error(open(
        b"{\"type\":\"version\"}\n\n{\"type\":\"post\",\"post\":{\"user\":\"a\",\"create_at\":1}}\n".to_vec(),
    ));
    assert!(wrong.contains("line 3: no `team` and `channel`"), "{wrong}");
    assert!(error(open(b"".to_vec())).contains("line 1: nothing in it"));
}

#[tokio::test]
async fn the_set_of_every_kind_of_line_is_read_whole() {
    let Some(data) = test_data() else { return };
    let path = PathBuf::from(data).join("importer-fixtures/mattermost/export.jsonl");
    let source: Arc<dyn Source> = Arc::new(Export::open(&path).unwrap());
    let report = World::new().import(&source).await.unwrap();
    assert_eq!((report.rooms, report.messages, report.users.len()), (4, 9, 2));
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
}
