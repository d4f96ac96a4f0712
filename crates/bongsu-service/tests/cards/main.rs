//! Cards over an embedded store: whatever happens, lists made with them are those made without.
//!
//! A failure prints the shortest life that shows it, and the seed is kept beside this file and tried first next time.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what failed")]

mod step;
mod world;

use bongsu_cache::testing::{SchemaEntry, assert_lock};
use bongsu_service::{ProfileCard, RoomCard};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tokio::runtime::{Builder, Runtime};

use crate::step::{Step, life};
use crate::world::{Feed, World};

/// Two threads: lists run beside the steps.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn live(life: Vec<Step>) -> Result<(), TestCaseError> {
    let mut world = World::open(Feed::Commits);
    for (number, step) in life.iter().enumerate() {
        let lists = world.begin_lists();
        world.take(step).await;
        lists.await.unwrap();
        for (with_cards, without) in world.all_lists().await {
            prop_assert_eq!(with_cards, without, "after step {}: {:?}", number, step);
        }
    }
    Ok(())
}

/// `PROPTEST_CASES` asks for a longer search.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 24 };
    let seeds = FileFailurePersistence::Direct(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cards/seeds"));
    ProptestConfig { cases, max_shrink_iters: 500, failure_persistence: Some(Box::new(seeds)), ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_list_with_cards_is_the_list_without_after_whatever_happened(life in life(80)) {
        runtime().block_on(live(life))?;
    }
}

#[test]
fn cards_that_are_not_fed_show_old_profiles() {
    runtime().block_on(async {
        for (feed, is_exact) in [(Feed::Commits, true), (Feed::Nothing, false)] {
            let mut world = World::open(feed);
            for step in [Step::direct(), Step::rename("before")] {
                world.take(&step).await;
                world.all_lists().await;
            }
            world.take(&Step::rename("after")).await;
            let exact =
                world.all_lists().await.into_iter().all(|(with_cards, without)| with_cards == without);
            assert_eq!(exact, is_exact, "{feed:?}");
        }
    });
}

#[test]
fn the_structure_of_cards_is_in_the_lock_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cache-schemas.lock");
    assert_lock(path, &[SchemaEntry::of::<RoomCard>(), SchemaEntry::of::<ProfileCard>()]);
}
