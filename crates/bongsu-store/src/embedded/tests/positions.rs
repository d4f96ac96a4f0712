//! What memory answers is what the engine shows, whatever is committed meanwhile and however little is kept.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bongsu_types::{Head, OwnRow, RoomId, Seq, Settings, UserId, UserRev};
use tokio::time::timeout;

use super::{group, message, open, options, settings, user};
use crate::embedded::hot::HotRows;
use crate::embedded::job::Mutation;
use crate::embedded::overlay::{Overlay, Undurable};
use crate::embedded::positions::{Known, Mark, Person};
use crate::embedded::row::own::encode_own;
use crate::embedded::row::room::encode_head;
use crate::embedded::source::Source;
use crate::embedded::table::Table;
use crate::embedded::transaction::Transaction;
use crate::embedded::{EmbeddedSettings, EmbeddedStore, View, keys};
use crate::{Messages, OwnRows, Reads, Rooms, SettingsChange, StoreResult};

fn view(store: &EmbeddedStore) -> View {
    View::of(&store.shared.tables)
}

fn head_in_engine(store: &EmbeddedStore, room: RoomId) -> Head {
    view(store).head(room).unwrap().unwrap()
}

fn own_rows_in_engine(store: &EmbeddedStore, user: &UserId) -> OwnRows {
    Person::read(&view(store), user).unwrap().own_rows(user).unwrap()
}

/// A batch that only moves a head.
fn batch(store: &EmbeddedStore, head: &Head) -> Undurable {
    let mut hot = HotRows::new();
    let mut overlay = Overlay::new(&store.shared.tables, &mut hot);
    overlay.put(Table::Head, &keys::room(head.room), encode_head(head));
    overlay.finish()
}

#[tokio::test]
async fn a_head_read_before_a_commit_is_not_kept_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let positions = &store.shared.positions;
    let Known::Not(stamp) = positions.head(room) else { panic!("nobody has asked for it") };
    let old = head_in_engine(&store, room);
    store.append(message(room, "meanwhile")).await.unwrap();
    positions.keep_head(stamp, old);
    assert!(matches!(positions.head(room), Known::Not(_)));
    assert_eq!(store.heads(&[room]).await.unwrap(), [head_in_engine(&store, room)]);
}

#[tokio::test]
async fn a_user_read_before_a_commit_is_not_kept_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let (positions, alice) = (&store.shared.positions, user("alice"));
    let Known::Not(stamp) = positions.person(&alice) else { panic!("nobody has asked for her") };
    let old = Arc::new(Person::read(&view(&store), &alice).unwrap());
    store.append(message(room, "moves her mark")).await.unwrap();
    positions.keep_person(stamp, &alice, &old);
    assert!(matches!(positions.person(&alice), Known::Not(_)));
    assert_eq!(store.own_rows(&alice).await.unwrap().rows[0].read_seq, Seq(2));
}

#[tokio::test]
async fn memory_does_not_answer_for_what_is_being_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let old = store.heads(&[room]).await.unwrap()[0];
    let positions = &store.shared.positions;
    assert!(matches!(positions.head(room), Known::Here(head) if head == old));

    let new = Head { seq: Seq(7), ..old };
    let rows = batch(&store, &new);
    let writing = positions.begin(&rows);
    let Known::Not(stamp) = positions.head(room) else { panic!("the engine may show another one now") };
    positions.keep_head(stamp, old);
    assert!(matches!(positions.head(room), Known::Not(_)), "nor is anything kept meanwhile");
    positions.finish(&rows, writing);
    assert!(matches!(positions.head(room), Known::Here(head) if head == new));
}

/// A batch that only moves the marks of a user, to the same place in all rooms.
fn marks(store: &EmbeddedStore, user: &UserId, rooms: &[RoomId], read_seq: Seq) -> Undurable {
    let mut hot = HotRows::new();
    let mut overlay = Overlay::new(&store.shared.tables, &mut hot);
    for room in rooms {
        let mut own = view(store).own(user, *room).unwrap().unwrap();
        own.row.read_seq = read_seq;
        overlay.put(Table::Own, &keys::own(user, *room), encode_own(&own));
    }
    overlay.finish()
}

#[tokio::test]
async fn a_user_is_seen_before_a_batch_or_after_it_and_never_in_between() {
    const ROOMS: usize = 16;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let alice = user("alice");
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(group(&store).await);
    }
    store.own_rows(&alice).await.unwrap();
    let positions = &store.shared.positions;
    let take_over = |batch: &Undurable| positions.finish(batch, positions.begin(batch));
    let batches = [7, 9].map(|read_seq| marks(&store, &alice, &rooms, Seq(read_seq)));
    take_over(&batches[0]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Readers that wait for each other's lock, so that a batch may begin while one waits.
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let Known::Here(person) = positions.person(&alice) else { continue };
                    let mark = |room: RoomId| person.own(&alice, room).unwrap().unwrap().read_seq;
                    assert_eq!(mark(rooms[0]), mark(rooms[ROOMS - 1]), "a batch is seen in part");
                }
            });
        }
        batches.iter().cycle().take(5_000).for_each(take_over);
        done.store(true, Ordering::Release);
    });
}

/// Moves a head, and writes a row that the engine does not take: its key is too long.
struct Fails(Head);

impl Mutation for Fails {
    type Answer = ();

    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<()> {
        transaction.put_head(&self.0);
        transaction.put(Table::Log, &[7; 70_000], Vec::new());
        Ok(())
    }
}

#[tokio::test]
async fn a_commit_that_failed_is_not_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let room = group(&store).await;
    let mut other = group(&store).await;
    while Mark::of_room(other).shares_a_stamp_with(Mark::of_room(room)) {
        other = group(&store).await;
    }
    let heads = store.heads(&[room, other]).await.unwrap();
    store.submit(Fails(Head { seq: Seq(99), ..heads[0] })).await.unwrap_err();
    // The committer says that it failed a moment after its callers know.
    let failed = async {
        while store.heads(&[room]).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), failed).await.expect("the store has failed, its memory with it");
    let positions = &store.shared.positions;
    assert!(matches!(positions.head(room), Known::Not(_)));
    assert!(matches!(positions.head(other), Known::Here(head) if head == heads[1]));
}

/// Commits of all kinds that move positions, each chosen by a number.
async fn write(store: &EmbeddedStore, rooms: &[RoomId], seed: u64) {
    let (alice, bob, carol) = (user("alice"), user("bob"), user("carol"));
    let mut random = seed;
    for number in 0..300 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let room = rooms[(random >> 40) as usize % rooms.len()];
        // What is refused, like adding a member twice, is a commit that changes nothing.
        match (random >> 33) % 8 {
            0 => drop(store.mark_read(&bob, room, Seq(random >> 58)).await),
            1 => drop(store.mark_unread(&bob, room).await),
            2 => {
                let pinned = SettingsChange { pinned: Some(number % 2 == 0), ..SettingsChange::default() };
                drop(store.change_settings(&alice, room, pinned).await);
            }
            3 => drop(store.add_members(room, &alice, std::slice::from_ref(&carol)).await),
            4 => drop(store.remove_members(room, &alice, std::slice::from_ref(&carol)).await),
            _ => drop(store.append(message(room, &format!("{seed} {number}"))).await),
        }
    }
}

/// Grows with every change: without another revision the rooms are the same, and marks only move up.
fn age(own: &OwnRows) -> (UserRev, u64) {
    (own.user_rev, own.rows.iter().map(|row: &OwnRow| row.read_seq.0).sum())
}

/// What a user's revision stands for: the rooms and how they are kept there.
type Facts = Vec<(RoomId, Settings)>;

/// Rows of a batch that memory took over one by one must not be seen apart: a session that was told a revision never
/// hears of it again.
fn is_of_its_revision(seen: &mut HashMap<(UserId, UserRev), Facts>, user: &UserId, own: &OwnRows) {
    let facts: Facts = own.rows.iter().map(|row| (row.room, row.settings.clone())).collect();
    let first = seen.entry((user.clone(), own.user_rev)).or_insert_with(|| facts.clone());
    assert_eq!(*first, facts, "two states of {user:?} at {:?}", own.user_rev);
}

/// Memory is asked between two looks at the engine.
async fn read(store: &EmbeddedStore, rooms: &[RoomId], done: &AtomicBool) -> u64 {
    let mut looks = 0;
    let mut seen = HashMap::new();
    while !done.load(Ordering::Acquire) {
        for room in rooms {
            let before = head_in_engine(store, *room);
            let told = store.heads(std::slice::from_ref(room)).await.unwrap()[0];
            let after = head_in_engine(store, *room);
            assert!(before.seq <= told.seq && told.seq <= after.seq, "{before:?}, {told:?}, {after:?}");
            assert!(before != after || told == before, "{before:?}, {told:?}");
        }
        for user in ["alice", "bob", "carol"].map(user) {
            let before = own_rows_in_engine(store, &user);
            let told = store.own_rows(&user).await.unwrap();
            let after = own_rows_in_engine(store, &user);
            for own in [&before, &told, &after] {
                is_of_its_revision(&mut seen, &user, own);
            }
            assert!(
                age(&before) <= age(&told) && age(&told) <= age(&after),
                "{before:?}, {told:?}, {after:?}"
            );
            assert!(before != after || told == before, "{before:?}, {told:?}");
        }
        looks += 1;
        tokio::task::yield_now().await;
    }
    looks
}

fn with_memory(dir: &Path, positions_bytes: usize) -> EmbeddedStore {
    EmbeddedStore::open_with(dir, options(), EmbeddedSettings { positions_bytes, ..settings() }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_is_never_behind_what_somebody_saw_in_the_engine() {
    // Everything, a few rows at a time, nothing.
    for positions_bytes in [64 << 20, 96 << 10, 0] {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(with_memory(dir.path(), positions_bytes));
        let mut rooms = Vec::new();
        for _ in 0..5 {
            rooms.push(group(&store).await);
        }
        let done = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (store, rooms, done) = (Arc::clone(&store), rooms.clone(), Arc::clone(&done));
                tokio::spawn(async move { read(&store, &rooms, &done).await })
            })
            .collect();
        let writers = [1, 2].map(|seed| {
            let (store, rooms) = (Arc::clone(&store), rooms.clone());
            tokio::spawn(async move { write(&store, &rooms, seed).await })
        });
        for writer in writers {
            writer.await.unwrap();
        }
        done.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.await.unwrap() > 0);
        }

        let users = ["alice", "bob", "carol"].map(user);
        let heads = store.heads(&rooms).await.unwrap();
        let mut own = Vec::new();
        for user in &users {
            own.push(store.own_rows(user).await.unwrap());
        }
        assert!(store.verify(&mut |_| {}).unwrap().is_clean());
        drop(store);
        let reopened = open(dir.path());
        assert_eq!(reopened.heads(&rooms).await.unwrap(), heads);
        for (user, own) in users.iter().zip(own) {
            assert_eq!(reopened.own_rows(user).await.unwrap(), own);
        }
    }
}
