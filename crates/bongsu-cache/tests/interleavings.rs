//! The concurrent core under every order that a scheduler may choose, by exploring random schedules.
//!
//! The gate and the board of flights are compiled here a second time, over locks that the explorer controls.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

#[path = "../src/cache/flights.rs"]
#[allow(dead_code, unreachable_pub, reason = "a second copy, of which these tests use a part")]
mod flights;
#[path = "../src/l1/gate.rs"]
#[allow(dead_code, unreachable_pub, reason = "a second copy, of which these tests use a part")]
mod gate;

mod sync {
    //! What `crate::sync` is in the crate, in the hands of the explorer.
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

use flights::{Flights, Part};
use gate::Gate;

const SCHEDULES: usize = 20_000;
const KEY: u128 = 7;

/// A source, the tier before it, and the gate between them.
struct World {
    source: AtomicU64,
    tier: Mutex<HashMap<u128, u64>>,
    gate: Gate,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self { source: AtomicU64::new(1), tier: Mutex::new(HashMap::new()), gate: Gate::new(1) })
    }

    /// What a load does: sample, read the source, insert if the gate is still open.
    fn load(&self) -> u64 {
        let sample = self.gate.sample(KEY);
        let value = self.source.load(Ordering::SeqCst);
        self.gate.insert(KEY, sample, || {
            self.tier.lock().unwrap().insert(KEY, value);
        });
        value
    }

    /// What a write does: commit, then invalidate.
    fn change(&self, value: u64) {
        self.source.store(value, Ordering::SeqCst);
        self.gate.invalidate(KEY, || {
            self.tier.lock().unwrap().remove(&KEY);
        });
    }

    fn held(&self) -> Option<u64> {
        self.tier.lock().unwrap().get(&KEY).copied()
    }
}

#[test]
fn no_schedule_leaves_an_old_value_after_an_invalidation() {
    shuttle::check_random(
        || {
            let world = World::new();
            let loads: Vec<_> = (0..2)
                .map(|_| {
                    let world = Arc::clone(&world);
                    thread::spawn(move || {
                        world.load();
                    })
                })
                .collect();
            let write = {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    world.change(2);
                    let held = world.held();
                    assert!(
                        held.is_none_or(|value| value == 2),
                        "old value after the invalidation: {held:?}"
                    );
                })
            };
            for load in loads {
                load.join().unwrap();
            }
            write.join().unwrap();
            assert!(world.held().is_none_or(|value| value == 2));
        },
        SCHEDULES,
    );
}

#[test]
#[should_panic(expected = "an old value stays")]
fn without_the_gate_a_schedule_is_found_that_leaves_one() {
    shuttle::check_random(
        || {
            let world = World::new();
            let load = {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    let value = world.source.load(Ordering::SeqCst);
                    world.tier.lock().unwrap().insert(KEY, value);
                })
            };
            world.change(2);
            load.join().unwrap();
            assert!(world.held().is_none_or(|value| value == 2), "an old value stays");
        },
        SCHEDULES,
    );
}

#[test]
fn a_committed_value_shuts_out_all_who_read_before() {
    shuttle::check_random(
        || {
            let world = World::new();
            let load = {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    world.load();
                })
            };
            // What a write-through does: invalidate, sample, put, replace.
            world.change(2);
            let sample = world.gate.sample(KEY);
            world.gate.replace(KEY, sample, || {
                world.tier.lock().unwrap().insert(KEY, 2);
            });
            load.join().unwrap();
            assert_eq!(world.held(), Some(2));
        },
        SCHEDULES,
    );
}

/// What a flight brings, and when it is there.
type Seat = Arc<Mutex<Option<u64>>>;

/// A reader: joins the flight of its ticket, or loads and lands.
fn read(world: &World, flights: &Flights<u128, u64, Seat>, loads: &AtomicU64) -> Option<u64> {
    let ticket = world.gate.sample(KEY);
    match flights.join(KEY, ticket, || Arc::new(Mutex::new(None))) {
        Part::Leads { number, handle } => {
            loads.fetch_add(1, Ordering::SeqCst);
            let value = world.source.load(Ordering::SeqCst);
            world.gate.insert(KEY, ticket, || {
                world.tier.lock().unwrap().insert(KEY, value);
            });
            flights.land(KEY, number);
            *handle.lock().unwrap() = Some(value);
            Some(value)
        }
        Part::Follows(handle) => *handle.lock().unwrap(),
    }
}

#[test]
fn a_reader_after_an_invalidation_never_gets_the_value_from_before() {
    shuttle::check_random(
        || {
            let world = World::new();
            let flights = Arc::new(Flights::new());
            let loads = Arc::new(AtomicU64::new(0));
            let before = {
                let (world, flights, loads) = (Arc::clone(&world), Arc::clone(&flights), Arc::clone(&loads));
                thread::spawn(move || {
                    read(&world, &flights, &loads);
                })
            };
            world.change(2);
            let value = read(&world, &flights, &loads);
            assert!(value.is_none_or(|value| value == 2), "joined a load from before: {value:?}");
            before.join().unwrap();
            assert!(world.held().is_none_or(|value| value == 2));
        },
        SCHEDULES,
    );
}

#[test]
fn an_older_flight_that_lands_does_not_take_a_younger_one_off_the_board() {
    shuttle::check_random(
        || {
            let flights: Arc<Flights<u128, u64, u64>> = Arc::new(Flights::new());
            let older = match flights.join(KEY, 1, || 1) {
                Part::Leads { number, .. } => number,
                Part::Follows(_) => unreachable!("the board is empty"),
            };
            let landing = {
                let flights = Arc::clone(&flights);
                thread::spawn(move || flights.land(KEY, older))
            };
            let Part::Leads { .. } = flights.join(KEY, 2, || 2) else { panic!("another ticket") };
            landing.join().unwrap();
            assert!(matches!(flights.join(KEY, 2, || 3), Part::Follows(2)));
        },
        SCHEDULES,
    );
}
