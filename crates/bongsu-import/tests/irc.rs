//! IRC logs into a store: written fixtures always, the real set where `BONGSU_TEST_DATA` names it.

use std::cell::Cell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_import::{ForeignRoom, Imported, import_room, irc};
use bongsu_service::{HistoryFrom, ImportMessage, ImportRoom, Importer, Store};
use bongsu_store::StoreOptions;
use bongsu_store::memory::MemoryStore;
use bongsu_types::{Limits, RoomId, RoomKind, Seq, UserId};

const SLICE: &str = "[11:58] <ann> who has a tent?\n\
    === eve [~eve@host.example] has joined #camp\n\
    [11:59] <bob|away> ann: me\n\
    [12:01]  * ann is happy\n\
    [12:02] <ann>\n";

/// A channel's slice has more authors than a group of friends.
fn limits() -> Arc<Limits> {
    Arc::new(Limits { group_members: 1_000, ..Limits::default() })
}

fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::open(StoreOptions { limits: limits(), ..StoreOptions::default() }))
}

fn importer(store: &Arc<dyn Store>) -> Importer {
    Importer::new(Arc::clone(store), limits())
}

fn slice_in(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("2005-06-27.raw.txt");
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_slice_is_a_room_its_authors_read_and_a_second_import_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let room = irc::read_slice(&slice_in(dir.path(), SLICE)).unwrap();
    let store = store();
    let told = Cell::new(0);
    let first = import_room(&importer(&store), &room, |count| told.set(told.get() + count)).await.unwrap();
    let Imported::Now { room: id, messages: 3 } = first else { panic!("{first:?}") };
    assert_eq!(told.get(), 3);

    let ann = UserId::new("irc:ann").unwrap();
    let page = store.history(&ann, id, HistoryFrom::Latest, 10).await.unwrap();
    let texts: Vec<&str> =
        page.messages.iter().filter_map(|item| item.record.body.message()).map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["who has a tent?", "ann: me", "* ann is happy"]);
    let bob = UserId::new("irc:bob.7caway").unwrap();
    let row = store.room_row(&bob, id).await.unwrap().unwrap();
    assert_eq!(row.own.unread(&row.head), 0, "what was said elsewhere was read there");
    assert_eq!(store.profiles(&[bob]).await.unwrap()[0].name, "bob|away");

    let commits = store.last_commit().await.unwrap();
    let again = import_room(&importer(&store), &room, |_| {}).await.unwrap();
    assert_eq!(again, Imported::Before { room: id, left_out: 0 });
    assert_eq!(store.last_commit().await.unwrap(), commits);
}

#[tokio::test]
async fn an_import_that_was_cut_off_is_unseen_and_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let whole = irc::read_slice(&slice_in(dir.path(), SLICE)).unwrap();
    let store = store();
    let half = import_first_message(&importer(&store), &whole).await;
    assert!(
        store.own_rows(&whole.authors()[0].0).await.unwrap().rows.is_empty(),
        "a half-imported room is unseen"
    );

    let done = import_room(&importer(&store), &whole, |_| {}).await.unwrap();
    assert_eq!(done, Imported::Now { room: half, messages: 2 });
    assert_eq!(store.heads(&[half]).await.unwrap()[0].seq, Seq(3));
}

async fn import_first_message(importer: &Importer, whole: &ForeignRoom) -> RoomId {
    let first = &whole.messages[0];
    let room = ImportRoom {
        kind: RoomKind::Group,
        key: whole.key.clone(),
        creator: first.sender.clone(),
        name: whole.name.clone(),
        image: String::new(),
        data: None,
        created_ms: first.at_ms,
        pair: None,
    };
    let message = ImportMessage {
        sender: first.sender.clone(),
        client_id: first.client_id.clone(),
        at_ms: first.at_ms,
        text: first.text.clone(),
        data: None,
        reply_to: None,
        edited_ms: None,
        reactions: Vec::new(),
    };
    importer.begin(room).await.unwrap().append(vec![message]).await.unwrap().room
}

#[tokio::test]
async fn the_real_set_is_read_whole() {
    let Some(data) = std::env::var_os("BONGSU_TEST_DATA") else {
        assert!(std::env::var_os("CI").is_none(), "BONGSU_TEST_DATA must name the test data in CI");
        println!("skipped: BONGSU_TEST_DATA is not set");
        return;
    };
    let files = irc::slice_files(&[PathBuf::from(data).join("irc-disentanglement")]).unwrap();
    let store = store();
    let (mut messages, mut authors) = (0, HashSet::new());
    for file in &files {
        let room = irc::read_slice(file).unwrap();
        messages += room.messages.len();
        authors.extend(room.authors().iter().map(|(user, _)| user.clone()));
        let imported = import_room(&importer(&store), &room, |_| {}).await.unwrap();
        assert!(matches!(imported, Imported::Now { messages, .. } if messages == room.messages.len() as u64));
    }
    println!("{} rooms, {messages} messages, {} authors", files.len(), authors.len());
    assert_eq!(files.len(), 175);
    assert!(messages > 200_000 && authors.len() > 16_000);
}
