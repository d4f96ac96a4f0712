//! Reads of one process: one load for many, whatever becomes of the one who came first.

use std::time::Duration;

use bongsu_cache::{LoadError, Lookup, Tier};
use futures_util::future::join_all;

use crate::world::{Broken, World, key};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_value_comes_from_the_source_once_and_then_from_the_process() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    assert!(matches!(node.read(1).await, Lookup::Hit { tier: Tier::Source, stale: false, .. }));
    assert!(matches!(node.read(1).await, Lookup::Hit { tier: Tier::L1, stale: false, .. }));
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_readers_make_one_load() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    let titles = join_all((0..1000).map(|_| node.title(1))).await;
    assert!(titles.iter().all(|title| title.as_deref() == Some("lobby")));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_takes_nothing_from_those_who_wait() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    world.source.close_door();
    let first = tokio::spawn({
        let node = node.clone();
        async move { node.title(1).await }
    });
    world.source.somebody_is_loading().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = tokio::spawn({
        let node = node.clone();
        async move { node.title(1).await }
    });
    tokio::task::yield_now().await;
    world.source.open_door();
    assert_eq!(second.await.unwrap().as_deref(), Some("lobby"));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_is_an_error_for_all_and_the_next_read_loads_again() {
    let world = World::new();
    let node = world.node().await;
    let panics = || async { if true { panic!("a bug in a loader") } else { Ok::<Option<_>, Broken>(None) } };
    let answers = join_all((0..10).map(|_| node.rooms.get_or_load(&1, panics))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(LoadError::Panicked))), "{answers:?}");
    world.source.set(1, "lobby");
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_source_reaches_all_who_wait_as_their_own_type() {
    let world = World::new();
    let node = world.node().await;
    world.source.breaks(true);
    let answers = join_all((0..10).map(|_| node.try_read(1))).await;
    for answer in answers {
        let Err(LoadError::Source(error)) = answer else { panic!("{answer:?}") };
        assert_eq!(*error, Broken);
    }
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_reads_of_absent_ids_load_each_id_once() {
    let world = World::new();
    let node = world.node().await;
    for _ in 0..100 {
        let answers = join_all((0..1000).map(|id| node.read(id))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Lookup::Absent { stale: false, .. })));
    }
    assert_eq!(world.source.loads(), 1000);
    // Absence is kept for a short time only.
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.source.set(7, "new");
    assert_eq!(node.title(7).await.as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_load_is_answered_with_the_stale_value_and_goes_on() {
    let world = World::new();
    let node = world.node().await.with(|options| options.with_ttl(LONG).with_stale_if_error(LONG));
    world.source.set(1, "old");
    assert_eq!(node.title(1).await.as_deref(), Some("old"));
    tokio::time::sleep(LONG + Duration::from_secs(1)).await;
    world.source.set(1, "new");
    world.source.takes(Duration::from_secs(2));
    let answer = node.read(1).await;
    assert!(answer.is_stale());
    assert_eq!(answer.into_value().unwrap().title, "old");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let answer = node.read(1).await;
    assert!(!answer.is_stale());
    assert_eq!(answer.into_value().unwrap().title, "new");
    assert_eq!(world.source.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_load_beyond_the_hard_timeout_fails_the_read_and_is_found_by_the_next() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "lobby");
    world.source.takes(Duration::from_secs(6));
    assert!(matches!(node.try_read(1).await, Err(LoadError::Timeout)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_hangs_for_ever_ends_and_gives_its_place_to_the_next() {
    let world = World::new();
    let node = world.node_with(|hub| hub.loads_per_model_max(1)).await;
    world.source.set(1, "lobby");
    let hangs = || std::future::pending::<Result<Option<crate::world::Room>, Broken>>();
    assert!(matches!(node.rooms.get_or_load(&1, hangs).await, Err(LoadError::Timeout)));
    assert!(matches!(node.try_read(1).await, Err(LoadError::Timeout)), "it joins the load that hangs");
    tokio::time::sleep(node.rooms.options().load_timeout).await;
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
}

#[tokio::test(start_paused = true)]
async fn a_broken_source_is_covered_by_a_stale_value_for_a_while_only() {
    let world = World::new();
    let node = world.node().await.with(|options| options.with_ttl(LONG).with_stale_if_error(LONG));
    world.source.set(1, "lobby");
    assert_eq!(node.title(1).await.as_deref(), Some("lobby"));
    world.source.breaks(true);
    tokio::time::sleep(LONG + Duration::from_secs(1)).await;
    let answer = node.read(1).await;
    assert!(answer.is_stale());
    assert_eq!(answer.into_value().unwrap().title, "lobby");
    tokio::time::sleep(LONG).await;
    assert!(matches!(node.try_read(1).await, Err(LoadError::Source(_))));
}

#[tokio::test(start_paused = true)]
async fn a_value_over_the_limit_is_answered_and_kept_nowhere() {
    let world = World::new();
    let node = world.node().await.with(|options| options.with_max_bytes(100));
    world.source.set(1, &"x".repeat(101));
    assert!(node.title(1).await.is_some());
    assert!(node.title(1).await.is_some());
    assert_eq!(world.source.loads(), 2);
    assert!(world.l2.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_large_value_is_compressed_in_the_shared_tier() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    let title = "lobby ".repeat(2000);
    world.source.set(1, &title);
    assert_eq!(one.title(1).await.as_deref(), Some(title.as_str()));
    assert!(world.l2.raw(key(1).as_str()).unwrap().len() < title.len() / 10);
    assert_eq!(other.title(1).await.as_deref(), Some(title.as_str()));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_cannot_be_read_is_a_miss_and_is_replaced() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "lobby");
    for rubbish in [&b""[..], b"rubbish", &[0xB5; 200]] {
        let before = world.source.loads();
        world.l2.put_raw(&key(1), bytes::Bytes::copy_from_slice(rubbish), LONG);
        assert_eq!(one.title(1).await.as_deref(), Some("lobby"));
        assert_eq!(other.title(1).await.as_deref(), Some("lobby"));
        assert_eq!(world.source.loads(), before + 1, "replaced by the first, read by the second");
        assert_eq!(one.rooms.invalidate(&1).await, bongsu_cache::Invalidated::Everywhere);
        other.hears_all_others().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_another_id_is_a_miss() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "one");
    world.source.set(2, "two");
    assert_eq!(node.title(1).await.as_deref(), Some("one"));
    let of_one = world.l2.raw(key(1).as_str()).unwrap();
    world.l2.put_raw(&key(2), of_one, LONG);
    assert_eq!(node.title(2).await.as_deref(), Some("two"));
}

#[tokio::test(start_paused = true)]
async fn get_reads_both_tiers_and_never_the_source() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    world.source.set(1, "lobby");
    assert_eq!(other.rooms.get(&1).await, Lookup::Miss);
    one.read(1).await;
    assert!(matches!(other.rooms.get(&1).await, Lookup::Hit { tier: Tier::L2, .. }));
    assert!(matches!(other.rooms.get(&1).await, Lookup::Hit { tier: Tier::L1, .. }));
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn loads_beyond_the_limit_wait_and_are_then_refused() {
    let world = World::new();
    let node = world.node_with(|hub| hub.loads_per_model_max(2).load_wait(Duration::from_secs(1))).await;
    world.source.takes(Duration::from_millis(800));
    let answers = join_all((0..6).map(|id| node.try_read(id))).await;
    let refused = answers.iter().filter(|answer| matches!(answer, Err(LoadError::TooBusy))).count();
    assert_eq!((answers.len() - refused, refused), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_not_to_be_kept_answers_once() {
    let world = World::new();
    let node = world.node().await;
    for _ in 0..2 {
        let load =
            || async { Ok::<_, Broken>(bongsu_cache::Loaded::from(crate::world::room("x")).not_kept()) };
        assert!(matches!(
            node.rooms.lookup_or_load(&1, load).await.unwrap(),
            Lookup::Hit { tier: Tier::Source, .. }
        ));
    }
    assert!(world.l2.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reader_waits_on_when_the_grace_of_the_stale_value_ends_meanwhile() {
    let world = World::new();
    let node = world.node().await.with(|options| {
        let short = Duration::from_secs(1);
        options
            .with_ttl(short)
            .with_l1_ttl(short)
            .with_negative_ttl(short)
            .with_jitter_percent(0)
            .with_xfetch_beta_milli(0)
            .with_stale_if_error(Duration::from_millis(300))
    });
    world.source.set(1, "old");
    node.read(1).await;
    world.source.set(1, "new");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // Longer than the soft timeout, which is longer than the grace that is left.
    world.source.takes(Duration::from_secs(1));
    assert_eq!(node.title(1).await.as_deref(), Some("new"));
    // And a load that hangs is an error after the hard timeout, not before.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.source.takes(Duration::from_secs(10));
    let begun = tokio::time::Instant::now();
    assert!(node.try_read(1).await.is_err());
    assert_eq!(begun.elapsed().as_secs(), 5);
}
