//! IRC logs into a store: written fixtures always, the real set where `BONGSU_TEST_DATA` names it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::World;
use bongsu_import::{Report, Source, irc};
use bongsu_service::HistoryFrom;
use bongsu_types::UserId;

const SLICE: &str = "[11:58] <ann> who has a tent?\n\
    === eve [~eve@host.example] has joined #camp\n\
    [11:59] <bob|away> ann: me\n\
    [12:01]  * ann is happy\n\
    [12:02] <ann>\n";

fn slice_in(dir: &Path, text: &str) -> Arc<dyn Source> {
    let path = dir.join("2005-06-27.raw.txt");
    std::fs::write(&path, text).unwrap();
    Arc::new(irc::Slice::open(&path).unwrap())
}

#[tokio::test]
async fn a_slice_is_a_room_its_authors_read_and_a_second_import_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let source = slice_in(dir.path(), SLICE);
    let world = World::new();
    let (first, told) = world.import_told(&source).await;
    assert_eq!((first.rooms, first.messages), (1, 3));
    assert_eq!(told, 3);

    let id = world.room("irc:2005-06-27").await;
    let ann = UserId::new("irc:ann").unwrap();
    let page = world.store.history(&ann, id, HistoryFrom::Latest, 10).await.unwrap();
    let texts: Vec<&str> =
        page.messages.iter().filter_map(|item| item.record.body.message()).map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["who has a tent?", "ann: me", "* ann is happy"]);
    let bob = UserId::new("irc:bob.7caway").unwrap();
    let row = world.store.room_row(&bob, id).await.unwrap().unwrap();
    assert_eq!(row.own.unread(&row.head), 0, "what was said elsewhere was read there");
    assert_eq!(world.store.profiles(&[bob]).await.unwrap()[0].name, "bob|away");

    let commits = world.store.last_commit().await.unwrap();
    let again = world.import(&source).await.unwrap();
    assert_eq!((again.rooms, again.rooms_before, again.messages_before), (0, 1, 3));
    assert_eq!(world.store.last_commit().await.unwrap(), commits);
}

#[tokio::test]
async fn the_real_set_is_read_whole() {
    let Some(data) = crate::support::test_data() else { return };
    let files = irc::slice_files(&[PathBuf::from(data).join("irc-disentanglement")]).unwrap();
    let world = World::new();
    let mut all = Report::default();
    for file in &files {
        let source: Arc<dyn Source> = Arc::new(irc::Slice::open(file).unwrap());
        all.add(world.import(&source).await.unwrap());
    }
    println!("{} rooms, {} messages, {} authors", all.rooms, all.messages, all.users.len());
    assert_eq!((files.len(), all.rooms), (175, 175));
    assert!(all.messages > 200_000 && all.users.len() > 16_000);
    assert_eq!(all.refused, []);
}
