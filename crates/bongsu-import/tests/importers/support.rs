//! A store to import into, and sources that go wrong.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_import::{
    ImportError, Intake, Progress, ReadError, Report, Said, Source, WholeRoom, import, read_whole,
};
use bongsu_service::{HistoryFrom, HistoryItem, ImportMessage, ImportRoom, Importer, Store};
use bongsu_store::StoreOptions;
use bongsu_store::memory::MemoryStore;
use bongsu_types::{Limits, Millis, RoomId, RoomKey, RoomKind, UserId};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Where the real sets are; says so and is `None` where nobody named them, but not in CI.
pub(crate) fn test_data() -> Option<OsString> {
    let data = std::env::var_os("BONGSU_TEST_DATA");
    if data.is_none() {
        assert!(std::env::var_os("CI").is_none(), "BONGSU_TEST_DATA must name the test data in CI");
        println!("skipped: BONGSU_TEST_DATA is not set");
    }
    data
}

/// A channel's slice has more authors than a group of friends.
pub(crate) fn limits() -> Arc<Limits> {
    Arc::new(Limits { group_members: 1_000, ..Limits::default() })
}

/// A store that nobody serves.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    importer: Importer,
}

impl World {
    pub(crate) fn new() -> Self {
        let options = StoreOptions { limits: limits(), ..StoreOptions::default() };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::open(options));
        let importer = Importer::new(Arc::clone(&store), limits());
        Self { store, importer }
    }

    pub(crate) async fn import(&self, source: &Arc<dyn Source>) -> Result<Report, ImportError> {
        self.import_telling(source, &|_| {}).await
    }

    pub(crate) async fn import_telling(
        &self,
        source: &Arc<dyn Source>,
        tell: &(dyn Fn(Progress) + Sync),
    ) -> Result<Report, ImportError> {
        import(&self.importer, Arc::clone(source), &limits(), tell).await
    }

    /// With the number of messages the progress told of.
    pub(crate) async fn import_told(&self, source: &Arc<dyn Source>) -> (Report, u64) {
        let told = AtomicU64::new(0);
        let count = |progress| {
            if let Progress::Written { messages } = progress {
                told.fetch_add(messages, Ordering::Relaxed);
            }
        };
        let report = self.import_telling(source, &count).await.unwrap();
        (report, told.into_inner())
    }

    /// The room of this key; it must have been imported whole.
    pub(crate) async fn room(&self, key: &str) -> RoomId {
        let found = self.store.begin_import(ImportRoom {
            kind: RoomKind::Group,
            key: RoomKey::new(key).unwrap(),
            creator: UserId::new("nobody").unwrap(),
            name: String::new(),
            image: String::new(),
            data: None,
            created_ms: Millis(0),
            pair: None,
        });
        let found = found.await.unwrap();
        assert!(found.finished, "no room {key}");
        found.room
    }

    /// The latest messages of a room, as this user sees them.
    pub(crate) async fn messages(&self, user: &str, room: RoomId) -> Vec<HistoryItem> {
        let user = UserId::new(user).unwrap();
        self.store.history(&user, room, HistoryFrom::Latest, 200).await.unwrap().messages
    }

    /// Whether this user sees any room.
    pub(crate) async fn sees_nothing(&self, user: &str) -> bool {
        self.store.own_rows(&UserId::new(user).unwrap()).await.unwrap().rows.is_empty()
    }
}

/// The only room of a source.
pub(crate) fn only_room(source: &dyn Source) -> WholeRoom {
    let mut rooms = whole(source);
    assert_eq!(rooms.len(), 1);
    rooms.remove(0)
}

/// All rooms of a source.
pub(crate) fn whole(source: &dyn Source) -> Vec<WholeRoom> {
    read_whole(source, &limits()).unwrap()
}

/// What is wrong with a source.
pub(crate) fn error(source: Result<impl Source, ReadError>) -> String {
    source.and_then(|source| read_whole(&source, &limits())).unwrap_err().to_string()
}

/// Texts of a room, in order.
pub(crate) fn texts(room: &WholeRoom) -> Vec<&str> {
    room.messages.iter().map(|message| message.text.as_str()).collect()
}

/// Names of those in a room, in the order they were met.
pub(crate) fn names(room: &WholeRoom) -> Vec<&str> {
    room.members.iter().map(|(_, name)| name.as_str()).collect()
}

/// Kind of a room.
pub(crate) fn kind(room: &WholeRoom) -> RoomKind {
    room.details.as_ref().unwrap().kind
}

/// Reactions of a message as (emoji, ids).
pub(crate) fn reactions(message: &ImportMessage) -> Vec<(&str, Vec<&str>)> {
    message
        .reactions
        .iter()
        .map(|(emoji, users)| (emoji.as_str(), users.iter().map(UserId::as_str).collect()))
        .collect()
}

/// A zip of these parts, in a folder that goes with the first value.
pub(crate) fn zip_of(name: &str, parts: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in parts {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    (dir, path)
}

/// Messages made up on the way: `messages` of them, spread over `rooms`.
pub(crate) struct Generated {
    pub(crate) messages: u64,
    pub(crate) rooms: u64,
    /// The reading (from 1) that breaks off, and after how many messages.
    pub(crate) breaks_off: Option<(u64, u64)>,
    pub(crate) readings: AtomicU64,
}

impl Generated {
    pub(crate) fn new(messages: u64, rooms: u64) -> Self {
        Self { messages, rooms, breaks_off: None, readings: AtomicU64::new(0) }
    }
}

impl Source for Generated {
    fn name(&self) -> &str {
        "generated"
    }

    fn prefix(&self) -> &str {
        "gen"
    }

    fn bytes(&self) -> u64 {
        self.messages
    }

    fn read(&self, intake: &mut Intake) -> Result<(), ReadError> {
        let reading = self.readings.fetch_add(1, Ordering::Relaxed) + 1;
        for number in 0..self.messages {
            if self.breaks_off == Some((reading, number)) {
                return Err(ReadError::Unusable {
                    file: "generated".to_owned(),
                    reason: "broken".to_owned(),
                });
            }
            let room = intake.room(&format!("room-{}", number % self.rooms))?;
            let (id, text) = (number.to_string(), format!("message {number}"));
            // Every tenth answers the one before in its room.
            let parent = number.checked_sub(self.rooms).filter(|_| number % 10 == 9).map(|n| n.to_string());
            let author = if number % 3 == 0 { "ann" } else { "bob" };
            intake.say(
                room,
                Said {
                    id: Some(&id),
                    author,
                    author_name: author,
                    at_ms: Millis(1_000 + number),
                    text: &text,
                    reply_to: parent.as_deref(),
                    ..Said::default()
                },
            )?;
        }
        Ok(())
    }
}
