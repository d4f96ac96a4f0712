//! The tables of the store, with every stored key and value.
//!
//! Keys are plain bytes that sort as wanted: a room is its 16 bytes, the random half first (in the own table as they are),
//! a user, device or other text is its UTF-8 followed by a zero byte when something comes after it (no id holds U+0000),
//! numbers are 8 bytes big endian.
//! Tables that share a keyspace of the engine have a byte of their own in front. Values begin with a version byte (see
//! `codec.rs`).
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | meta | `schema` | number of the layout described here |
//! | | `store` | id of the store, epoch, when it was created |
//! | | `last` | last commit number |
//! | room | room | the room, who scoped its key, whether it was imported and is finished |
//! | head | room | the room's head: the one row that every record changes |
//! | everyone | room | ords of the last 100 `@all` messages |
//! | log | room, seq | commit, idempotency key of a change, the record; a message in its current state |
//! | reaction | room, seq, user 0, emoji | nothing: the user holds this reaction |
//! | once | room, user 0, client_id | request hash and first reply |
//! | own | user 0, room | the own row, and the slot of its cursors |
//! | member | room, user | role and join of a present member: an index of own |
//! | change | user 0, user_rev | room: each own row once, at its last revision |
//! | user | user | whether somebody named them, user_rev, count of rooms, next cursor slot, revocation, oldest answerable revision |
//! | profile | user | name, image, data; absent while all are empty |
//! | device | user 0, device | description, session number, last activity, epoch, state |
//! | cursor | user 0, device 0, slot / 128 as 4 bytes | acked seqs by slot: one row per device and 128 rooms |
//! | pair | first user's length, first user, second user | direct room of these two |
//! | key | 0, key or 1, user 0, key | room of a global key, or of a creator's key |
//! | retained | room | nothing: the room's records do not stay for ever |
//! | due | when, 0, key of once | nothing: an idempotency key without a record to go with |
//! | | when, 1, user 0, room | nothing: a tombstone |
//! | | when, 2, key of device | nothing: a device that ended |
//! | tail | commit | when, and the refs of the commit; every commit has its row |
//! | consumer | name | last commit it has seen, and when it said so |
//! | server_key | id | a server key: hash, scopes, creation, revocation |
//!
//! Invariants, which `verify.rs` checks: a room's log has every seq from its floor + 1 to its head; a head is written in
//! the commit of its record; own, member, change and user agree; every message with reactions has that many reaction
//! rows; commits in `tail` are dense up to `last`.

use std::borrow::Cow;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use crate::{StoreError, StoreResult};

const MIB: u64 = 1024 * 1024;

/// Bytes of a table file. Every file is synced whole when it is done, and commits wait meanwhile: 64 MiB at once are a
/// pause of 30 ms to 60 ms, this is one of a few.
const FILE_BYTES: u64 = 8 * MIB;

/// Files of the newest level before they are merged into the next. More are more places to look, fewer are more often
/// merged.
const NEWEST_FILES: u8 = 8;

/// Keyspaces of the engine, with the bytes each may hold in memory before it is written out. What every message writes
/// has one of its own; the rest shares two, because each keyspace costs a start some syncs. In a large one a row is far
/// to seek, for every write; and it is one file when it is written out, see [`FILE_BYTES`].
const KEYSPACES: [(&str, u64); 7] = [
    ("log", 8 * MIB),
    ("head", 4 * MIB),
    ("once", 8 * MIB),
    ("own", 8 * MIB),
    ("tail", 8 * MIB),
    ("people", 8 * MIB),
    ("rooms", 8 * MIB),
];
const PEOPLE: usize = 5;
const ROOMS: usize = 6;

macro_rules! tables {
    ($($variant:ident = $name:literal, $keyspace:expr, $tag:expr;)*) => {
        /// Names a table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Table { $(#[doc = $name] $variant),* }

        impl Table {
            /// All of them, in the order of the enum.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// What it is called in errors and backups.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Where it stands in [`KEYSPACES`].
            fn keyspace(self) -> usize {
                match self { $(Self::$variant => $keyspace),* }
            }

            /// First byte of its keys in a shared keyspace.
            fn tag(self) -> Option<u8> {
                match self { $(Self::$variant => $tag),* }
            }
        }
    };
}

tables! {
    Log = "log", 0, None;
    Head = "head", 1, None;
    Once = "once", 2, None;
    Own = "own", 3, None;
    Tail = "tail", 4, None;
    User = "user", PEOPLE, Some(b'u');
    Profile = "profile", PEOPLE, Some(b'p');
    Device = "device", PEOPLE, Some(b'd');
    Cursor = "cursor", PEOPLE, Some(b'c');
    Change = "change", PEOPLE, Some(b'r');
    Member = "member", PEOPLE, Some(b'm');
    Meta = "meta", ROOMS, Some(b'!');
    Room = "room", ROOMS, Some(b'r');
    Everyone = "everyone", ROOMS, Some(b'e');
    Reaction = "reaction", ROOMS, Some(b'+');
    Pair = "pair", ROOMS, Some(b'p');
    Key = "key", ROOMS, Some(b'k');
    Retained = "retained", ROOMS, Some(b't');
    Due = "due", ROOMS, Some(b'd');
    Consumer = "consumer", ROOMS, Some(b'c');
    ServerKey = "server_key", ROOMS, Some(b's');
}

impl Table {
    /// A key of this table as the engine stores it.
    pub(crate) fn stored_key(self, key: &[u8]) -> Cow<'_, [u8]> {
        match self.tag() {
            None => Cow::Borrowed(key),
            Some(tag) => Cow::Owned([&[tag], key].concat()),
        }
    }

    /// The key of this table that the engine stores so.
    pub(crate) fn key_of(self, stored: &[u8]) -> &[u8] {
        match self.tag() {
            None => stored,
            Some(_) => stored.get(1..).unwrap_or_default(),
        }
    }
}

/// The open keyspaces.
#[derive(Clone)]
pub(crate) struct Tables {
    pub(crate) database: Database,
    keyspaces: Arc<[Keyspace]>,
}

impl Tables {
    /// Opens every keyspace, creating those that are missing.
    pub(crate) fn open(database: Database) -> Result<Self, fjall::Error> {
        let mut keyspaces = Vec::with_capacity(KEYSPACES.len());
        for (name, memtable_bytes) in KEYSPACES {
            let merging =
                Leveled::default().with_table_target_size(FILE_BYTES).with_l0_threshold(NEWEST_FILES);
            let options = move || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(memtable_bytes)
                    .compaction_strategy(Arc::new(merging))
            };
            keyspaces.push(database.keyspace(name, options)?);
        }
        Ok(Self { database, keyspaces: keyspaces.into() })
    }

    /// The keyspace of a table, where its keys stand as [`Table::stored_key`] says.
    pub(crate) fn keyspace(&self, table: Table) -> &Keyspace {
        &self.keyspaces[table.keyspace()]
    }
}

/// An error of the engine on a read: nothing was written.
pub(crate) fn unreadable(table: Table, error: &fjall::Error) -> StoreError {
    StoreError::not_applied(format!("cannot read table {}: {error}", table.name()))
}

/// A row that does not decode, named so that a person can look at it.
pub(crate) fn corrupt(table: Table, key: &[u8], why: super::codec::Corrupt) -> StoreError {
    let key: String = key.escape_ascii().to_string();
    StoreError::not_applied(format!("corrupt row in table {} at key {key}: {}", table.name(), why.0))
}

/// Names the row a decoded value came from.
pub(crate) fn decoded<T>(table: Table, key: &[u8], value: super::codec::Decoded<T>) -> StoreResult<T> {
    value.map_err(|why| corrupt(table, key, why))
}
