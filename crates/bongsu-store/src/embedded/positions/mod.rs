//! Where every room and every user stands, kept in memory for readers: heads, and users with all their own rows.
//!
//! A chat list and a hello ask for every room of a user; that is a thousand rows of the engine, or one look here. What
//! is read from the engine is kept, the committer changes what is kept, and nothing here is ever older than what the
//! engine shows: `stamps.rs` says how. The rows the committer itself reads are kept apart, see `hot.rs`: it is alone
//! with them, and needs no lock.
//!
//! A lock is held for one entry at a time, never across I/O.

mod generations;
mod packed;
mod person;
mod stamps;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bongsu_types::{Head, RoomId, UserId};

use self::generations::{Generations, Weigh};
pub(crate) use self::person::Person;
pub(crate) use self::stamps::{Mark, Stamp};
use self::stamps::{Stamps, Writing};
use super::keys;
use super::overlay::Undurable;
use super::row::people::decode_user;
use super::row::room::decode_head;
use super::table::Table;

/// Parts of the heads, each with a lock of its own: readers of lists and the committer rarely meet.
const HEAD_PARTS: usize = 64;
/// Parts of the users: fewer, so that a user in very many rooms has room in one.
const PEOPLE_PARTS: usize = 16;
/// What a head costs beside its bytes: its key and its place in the map.
const HEAD_OVERHEAD_BYTES: usize = 48;

type Parts<K, V> = Box<[Mutex<Generations<K, V>>]>;

/// What memory knows of a row.
#[derive(Debug)]
pub(crate) enum Known<T> {
    /// What the engine shows.
    Here(T),
    /// Nothing that may be told. What is read from a snapshot taken after this can be kept under this stamp.
    Not(Stamp),
}

/// Heads and users in memory.
pub(crate) struct Positions {
    stamps: Stamps,
    heads: Parts<RoomId, Head>,
    people: Parts<UserId, Arc<Person>>,
}

impl Positions {
    /// Holds at most about `bytes_max` bytes: a quarter of it heads, the rest users and their own rows.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            stamps: Stamps::new(),
            heads: parts(HEAD_PARTS, bytes_max / 4),
            people: parts(PEOPLE_PARTS, bytes_max / 4 * 3),
        }
    }

    pub(crate) fn head(&self, room: RoomId) -> Known<Head> {
        let mark = Mark::of_room(room);
        self.look(&self.heads, mark, |heads| heads.read(&room, |head| *head))
    }

    /// Keeps a head that was read, unless it may have changed since the stamp.
    pub(crate) fn keep_head(&self, stamp: Stamp, head: Head) {
        let mark = Mark::of_room(head.room);
        self.keep(&self.heads, mark, stamp, |heads| heads.put(head.room, head));
    }

    pub(crate) fn person(&self, user: &UserId) -> Known<Arc<Person>> {
        let mark = Mark::of_user(user.as_str());
        self.look(&self.people, mark, |people| people.read(user, Arc::clone))
    }

    /// Keeps a user who was read, unless something of them may have changed since the stamp.
    pub(crate) fn keep_person(&self, stamp: Stamp, user: &UserId, person: &Arc<Person>) {
        let mark = Mark::of_user(user.as_str());
        self.keep(&self.people, mark, stamp, |people| people.put(user.clone(), Arc::clone(person)));
    }

    fn look<K, V, R>(
        &self,
        parts: &Parts<K, V>,
        mark: Mark,
        read: impl FnOnce(&mut Generations<K, V>) -> Option<R>,
    ) -> Known<R> {
        let mut part = part(parts, mark);
        // Under the lock: a batch that has changed only some of a user's rows by now is seen to be under way.
        let stamp = self.stamps.of(mark);
        let found = if stamp.is_settled() { read(&mut part) } else { None };
        let forgotten = part.take_forgotten();
        drop(part);
        drop(forgotten);
        found.map_or(Known::Not(stamp), Known::Here)
    }

    fn keep<K, V>(
        &self,
        parts: &Parts<K, V>,
        mark: Mark,
        stamp: Stamp,
        put: impl FnOnce(&mut Generations<K, V>),
    ) {
        let mut part = part(parts, mark);
        // Compared under the lock: a batch that begins after this changes what is put here.
        if stamp.is_settled() && self.stamps.of(mark) == stamp {
            put(&mut part);
        }
        let forgotten = part.take_forgotten();
        drop(part);
        drop(forgotten);
    }

    /// Before a batch is handed to the engine: from now on memory answers for nothing that it changes.
    pub(crate) fn begin(&self, rows: &Undurable) -> Writing {
        let rooms = rows.of(Table::Head).map(|(key, _)| Mark::of_room_key(key));
        let users = rows.of(Table::User).filter_map(|(key, _)| keys::user_text(key).ok());
        let owners = rows.of(Table::Own).filter_map(|(key, _)| Some(keys::own_split(key).ok()?.0));
        self.stamps.begin(rooms.chain(users.chain(owners).map(Mark::of_user)))
    }

    /// Once a batch is durable: changes what is kept, and answers for it again.
    pub(crate) fn finish(&self, rows: &Undurable, writing: Writing) {
        for (key, value) in rows.of(Table::Head) {
            let Ok(room) = keys::room_of(key) else { continue };
            let mut heads = part(&self.heads, Mark::of_room_key(key));
            match value.and_then(|value| decode_head(room, value).ok()) {
                Some(new) => heads.change(&room, |head| *head = new),
                None => heads.forget(&room),
            }
        }
        for (key, value) in rows.of(Table::User) {
            let Ok(user) = keys::user_text(key) else { continue };
            let mut people = part(&self.people, Mark::of_user(user));
            match value.and_then(|value| decode_user(value).ok()) {
                // A copy only while a reader holds the person.
                Some(state) => people.change(user, |person| Arc::make_mut(person).change_state(state)),
                None => people.forget(user),
            }
        }
        for (key, value) in rows.of(Table::Own) {
            let Ok((user, room)) = keys::own_split(key) else { continue };
            let mut people = part(&self.people, Mark::of_user(user));
            people.change(user, |person| Arc::make_mut(person).change_row(room, value.map(AsRef::as_ref)));
        }
        self.stamps.finish(writing);
    }
}

impl Weigh for Head {
    fn bytes(&self) -> usize {
        size_of::<Self>() + HEAD_OVERHEAD_BYTES
    }
}

fn parts<K: std::hash::Hash + Eq, V: Weigh>(count: usize, bytes_max: usize) -> Parts<K, V> {
    std::iter::repeat_with(|| Mutex::new(Generations::new(bytes_max / count))).take(count).collect()
}

fn part<K, V>(parts: &Parts<K, V>, mark: Mark) -> MutexGuard<'_, Generations<K, V>> {
    parts[mark.part(parts.len())].lock().unwrap_or_else(PoisonError::into_inner)
}
