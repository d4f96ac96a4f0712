//! Random lives of a small world, lived on two engines side by side: the same answers, the same state in the end.
//!
//! A failure prints the shortest life that shows it, and the seed is kept beside this file and tried first next time.

mod engines;
mod world;

use std::future::Future;

use bongsu_store::conformance::{Engine, Fixture};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use world::{Op, World};

/// Limits within reach of a small world.
async fn open(engine: Box<dyn Engine>) -> World {
    let fixture = Fixture::open(engine).await;
    fixture
        .limit(|limits| {
            limits.group_members = 3;
            limits.small_room_members = 3;
            limits.rooms_per_user = 3;
            limits.devices_per_user = 2;
            limits.reactions_per_message = 2;
            limits.changes_items = 5;
            limits.page_items = 6;
            limits.page_bytes = 40;
        })
        .await;
    World::new(fixture)
}

async fn live_twice(
    life: Vec<Op>,
    one: Box<dyn Engine>,
    other: Box<dyn Engine>,
) -> Result<(), TestCaseError> {
    let (mut one, mut other) = (open(one).await, open(other).await);
    for (number, op) in life.iter().enumerate() {
        let (expected, answer) = (one.live(op).await, other.live(op).await);
        prop_assert_eq!(expected, answer, "answer to step {}: {:?}", number, op);
    }
    for world in [&one, &other] {
        world.assert_sound().await;
    }
    let (expected, found) = (one.picture().await, other.picture().await);
    for (expected, found) in expected.iter().zip(&found) {
        prop_assert_eq!(expected, found);
    }
    prop_assert_eq!(expected.len(), found.len());
    Ok(())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime starts").block_on(future)
}

/// `PROPTEST_CASES` asks for a longer search.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 48 };
    let seeds = FileFailurePersistence::Direct(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/property.seeds"));
    ProptestConfig { cases, max_shrink_iters: 2_000, failure_persistence: Some(Box::new(seeds)), ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_reference_agrees_with_itself(life in world::life(120)) {
        block_on(live_twice(life, engines::memory(), engines::memory()))?;
    }
}

#[cfg(feature = "embedded")]
proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_embedded_engine_lives_every_life_as_the_reference_does(
        life in world::life(120),
        // Everything it was asked for, the last of it, nothing.
        positions_bytes in prop::sample::select(vec![64 << 20, 96 << 10, 0]),
    ) {
        block_on(live_twice(life, engines::memory(), engines::embedded(positions_bytes)))?;
    }
}
