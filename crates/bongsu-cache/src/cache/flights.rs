//! Loads that are under way, so that a second reader joins the first one's load.
//!
//! A reader joins only a flight that began under the same ticket as its own: one that began before an invalidation may
//! bring the old value, and the reader that came after it must not get that.

use std::collections::HashMap;
use std::hash::Hash;

use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Flights by key. `H` is what a follower waits on.
#[derive(Debug)]
pub(crate) struct Flights<K, T, H> {
    board: Mutex<Board<K, T, H>>,
}

#[derive(Debug)]
struct Board<K, T, H> {
    flights: HashMap<K, Flight<T, H>>,
    started: u64,
}

#[derive(Debug)]
struct Flight<T, H> {
    number: u64,
    ticket: T,
    handle: H,
}

/// The part a reader has in a flight.
#[derive(Debug)]
pub(crate) enum Part<H> {
    /// Nobody loads under this ticket: load, and land this flight in the end.
    Leads {
        /// Names the flight.
        number: u64,
        /// To wait on, as the followers do.
        handle: H,
    },
    /// Somebody loads: wait.
    Follows(H),
}

impl<K: Copy + Eq + Hash, T: PartialEq, H: Clone> Flights<K, T, H> {
    pub(crate) fn new() -> Self {
        Self { board: Mutex::new(Board { flights: HashMap::new(), started: 0 }) }
    }

    /// Joins the flight of this key and ticket, or starts one with the handle that `start` makes.
    pub(crate) fn join(&self, key: K, ticket: T, start: impl FnOnce() -> H) -> Part<H> {
        let mut board = self.lock();
        if let Some(flight) = board.flights.get(&key).filter(|flight| flight.ticket == ticket) {
            return Part::Follows(flight.handle.clone());
        }
        board.started += 1;
        let number = board.started;
        let handle = start();
        board.flights.insert(key, Flight { number, ticket, handle: handle.clone() });
        Part::Leads { number, handle }
    }

    /// Takes the flight off the board, unless a younger one has its place.
    pub(crate) fn land(&self, key: K, number: u64) {
        let mut board = self.lock();
        if board.flights.get(&key).is_some_and(|flight| flight.number == number) {
            board.flights.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Board<K, T, H>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
