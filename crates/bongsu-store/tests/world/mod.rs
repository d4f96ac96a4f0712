//! A small world: four users, a few rooms, few keys, and everything that can happen to them.

mod choice;
mod live;
mod op;

use bongsu_store::conformance::Fixture;
use bongsu_store::conformance::durable::Picture;
use bongsu_types::{CommitNo, Committed, RoomId};

pub(crate) use op::{Op, life};

pub(crate) const USERS: [&str; 4] = ["ann", "bea", "cho", "dan"];
pub(crate) const ROOMS: usize = 3;

/// A store, and the names this world has for its rooms: the order of their creation.
pub(crate) struct World {
    fixture: Fixture,
    rooms: Vec<RoomId>,
}

impl World {
    pub(crate) fn new(fixture: Fixture) -> Self {
        Self { fixture, rooms: Vec::new() }
    }

    /// The room of this number, or one that never was.
    fn room(&self, number: usize) -> RoomId {
        self.rooms.get(number).copied().unwrap_or(RoomId::from_bytes([7; 16]))
    }

    /// An answer as text, in which rooms have their names of this world.
    fn say(&self, answer: &impl std::fmt::Debug) -> String {
        let mut text = format!("{answer:?}");
        for (number, room) in self.rooms.iter().enumerate() {
            text = text.replace(&room.to_string(), &format!("room-{number}"));
        }
        text
    }

    /// What holds in every world, whatever happened.
    pub(crate) async fn assert_sound(&self) {
        for room in &self.rooms {
            self.fixture.assert_dense(*room).await;
            for times in self.fixture.times_in_log(*room).await.into_values() {
                assert!(times <= USERS.len(), "one message for each key of each sender");
            }
        }
        self.fixture.assert_no_drift().await;
        let numbers: Vec<u64> =
            self.fixture.committed().iter().map(|committed| committed.commit.get()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "commits are dense");
        assert_eq!(self.fixture.last_commit().await.get(), numbers.len() as u64);
    }

    /// All that can be seen in the end. Engines may number their commits differently where a commit says nothing.
    pub(crate) async fn picture(&self) -> Vec<String> {
        let mut picture = Picture::of(&self.fixture, &USERS, &self.rooms).await;
        picture.last_commit = CommitNo::ZERO;
        let (mut before, mut number) = (CommitNo::ZERO, CommitNo::ZERO);
        for tail_ref in &mut picture.tail {
            if tail_ref.commit != before {
                before = tail_ref.commit;
                number = number.next();
            }
            tail_ref.commit = number;
        }
        let told = self.fixture.committed();
        let told: Vec<_> = told.iter().filter(|committed| !committed.facts.is_empty()).collect();
        let facts = told.into_iter().map(|committed| {
            let Committed { facts, .. } = &**committed;
            self.say(facts)
        });
        let Picture {
            own, rooms, heads, members, logs, histories, devices, profiles, server_keys, tail, ..
        } = picture;
        let mut parts = vec![
            self.say(&own),
            self.say(&rooms),
            self.say(&heads),
            self.say(&members),
            self.say(&logs),
            self.say(&histories),
            self.say(&devices),
            self.say(&profiles),
            self.say(&server_keys),
            self.say(&tail),
        ];
        parts.extend(facts);
        parts
    }
}
