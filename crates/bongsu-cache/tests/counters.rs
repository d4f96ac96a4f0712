//! Counters over the tier in memory: seeded once, never made by adding, and exact whatever fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::contract::OperationId;
use bongsu_cache::memory::MemoryL2;
use bongsu_cache::testing::{Dice, FaultyL2, L2Faults};
use bongsu_cache::{
    BuildError, CacheHub, CacheId, Counter, CounterKey, CounterOptions, CounterUpdate, IdText, Invalidated,
    LoadError,
};
use tokio::task::JoinSet;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// Unread messages of a user in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Unread(u64);

impl CacheId for Unread {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
    }
}

impl CounterKey for Unread {
    const MODEL: &'static str = "unread";
    const DEFAULTS: CounterOptions = CounterOptions::new()
        .with_ttl(Duration::from_secs(3600))
        .with_lease(SECOND, Duration::from_millis(500));
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source fails by the will of the test")]
struct SourceFails;

fn counter_over(l2: FaultyL2) -> Counter<Unread> {
    CacheHub::builder("counters").l2(l2).build().unwrap().counter::<Unread>().unwrap()
}

fn calm() -> (MemoryL2, Counter<Unread>) {
    let memory = MemoryL2::new();
    (memory.clone(), counter_over(FaultyL2::new(Arc::new(memory), 0)))
}

async fn read(counter: &Counter<Unread>, source: i64) -> i64 {
    counter.get_or_seed(&Unread(1), async move || Ok::<_, SourceFails>(source)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_counter_is_counted_once_and_changed_in_place() {
    let (_, counter) = calm();
    assert_eq!(read(&counter, 5).await, 5);
    assert_eq!(counter.add_if_present(&Unread(1), 2, None).await, CounterUpdate::Applied(7));
    assert_eq!(read(&counter, -1).await, 7, "the source is not asked again");
}

#[tokio::test(start_paused = true)]
async fn adding_to_no_counter_makes_none() {
    let (_, counter) = calm();
    assert_eq!(counter.add_if_present(&Unread(1), 2, None).await, CounterUpdate::NotSeeded);
    assert_eq!(read(&counter, 9).await, 9);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_repeated_counts_once() {
    let (_, counter) = calm();
    read(&counter, 5).await;
    let once = Some(OperationId(77));
    assert_eq!(counter.add_if_present(&Unread(1), 2, once).await, CounterUpdate::Applied(7));
    assert_eq!(counter.add_if_present(&Unread(1), 2, once).await, CounterUpdate::Duplicate(7));
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_counter_is_counted_anew() {
    let (_, counter) = calm();
    read(&counter, 5).await;
    assert_eq!(counter.forget(&Unread(1)).await, Invalidated::Everywhere);
    assert_eq!(read(&counter, 0).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_readers_of_an_absent_counter_in_two_processes_are_one_count() {
    let memory = MemoryL2::new();
    let counters = [
        counter_over(FaultyL2::new(Arc::new(memory.clone()), 0)),
        counter_over(FaultyL2::new(Arc::new(memory), 1)),
    ];
    let counts = Arc::new(AtomicU64::new(0));
    let mut readers = JoinSet::new();
    for reader in 0..100 {
        let (counter, counts) = (counters[reader % 2].clone(), Arc::clone(&counts));
        readers.spawn(async move {
            let seed = async move || {
                counts.fetch_add(1, Ordering::Relaxed);
                sleep(100 * MILLI).await;
                Ok::<_, SourceFails>(3)
            };
            counter.get_or_seed(&Unread(1), seed).await.unwrap()
        });
    }
    assert!(readers.join_all().await.into_iter().all(|value| value == 3));
    assert_eq!(counts.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_count_whose_source_fails_fails_and_the_next_one_need_not_wait() {
    let (_, counter) = calm();
    let failed = counter.get_or_seed(&Unread(1), async || Err::<i64, _>(SourceFails)).await;
    assert!(matches!(failed, Err(LoadError::Source(_))), "{failed:?}");
    let begun = tokio::time::Instant::now();
    assert_eq!(read(&counter, 4).await, 4);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_hangs_for_ever_gives_its_place_to_the_next() {
    let l2 = FaultyL2::new(Arc::new(MemoryL2::new()), 0);
    let hub = CacheHub::builder("counters").l2(l2).loads_per_model_max(1).build().unwrap();
    let counter = hub.counter::<Unread>().unwrap();
    let hangs = counter.get_or_seed(&Unread(1), std::future::pending::<Result<i64, SourceFails>>).await;
    assert!(matches!(hangs, Err(LoadError::Timeout)), "{hangs:?}");
    assert_eq!(read(&counter, 4).await, 4);
    let hangs = |_| std::future::pending::<Result<HashMap<Unread, i64>, SourceFails>>();
    let hangs = counter.get_many_or_seed(&[Unread(2)], hangs).await;
    assert!(matches!(hangs, Err(LoadError::Timeout)), "{hangs:?}");
    let counted = counter.get_or_seed(&Unread(2), async || Ok::<_, SourceFails>(5)).await;
    assert_eq!(counted.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn without_the_shared_tier_the_source_answers() {
    let memory = MemoryL2::new();
    let counter = counter_over(FaultyL2::new(Arc::new(memory.clone()), 0));
    read(&counter, 5).await;
    memory.set_reachable(false);
    assert_eq!(read(&counter, 6).await, 6);
    let update = counter.add_if_present(&Unread(1), 1, Some(OperationId(1))).await;
    assert_eq!(update, CounterUpdate::QueuedForRetry { pending: 1 });
    // It is back: what it held is removed before it is believed again.
    memory.set_reachable(true);
    while counter.pending_removals() > 0 {
        sleep(10 * MILLI).await;
    }
    assert_eq!(read(&counter, 8).await, 8);
    assert_eq!(read(&counter, 0).await, 8, "it is kept again");
}

#[tokio::test(start_paused = true)]
async fn removals_that_wait_are_made_up_for_when_the_hub_ends() {
    let memory = MemoryL2::new();
    let hub = CacheHub::builder("counters").l2(memory.clone()).build().unwrap();
    let counter = hub.counter::<Unread>().unwrap();
    read(&counter, 5).await;
    memory.set_reachable(false);
    assert_eq!(counter.forget(&Unread(1)).await, Invalidated::QueuedForRetry { pending: 1 });
    memory.set_reachable(true);
    hub.shutdown().await;
    assert_eq!(counter.pending_removals(), 0);
    let counter_of_another = counter_over(FaultyL2::new(Arc::new(memory), 0));
    assert_eq!(read(&counter_of_another, 6).await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_seed_between_the_commit_and_its_addition_does_not_count_it_twice() {
    let (_, counter) = calm();
    // The source changes to 1, somebody counts it, and then the change is said to be committed.
    let change = counter.begin(&Unread(1)).await;
    assert_eq!(read(&counter, 1).await, 1);
    assert_eq!(change.committed(1).await, CounterUpdate::Removed);
    assert_eq!(read(&counter, 1).await, 1);
    let change = counter.begin(&Unread(1)).await;
    assert_eq!(change.committed(1).await, CounterUpdate::Applied(2));
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_outcome_nobody_tells_removes_the_counter() {
    let (_, counter) = calm();
    read(&counter, 5).await;
    drop(counter.begin(&Unread(1)).await);
    assert_eq!(read(&counter, 6).await, 6, "the commit may have happened");
    counter.begin(&Unread(2)).await.not_committed();
    while counter.pending_removals() > 0 {
        sleep(10 * MILLI).await;
    }
    assert_eq!(read(&counter, 6).await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_in_the_middle_of_a_change_leaves_it_to_the_queue() {
    let memory = MemoryL2::new();
    let l2 = FaultyL2::new(Arc::new(memory.clone()), 0);
    let (counter, other) = (counter_over(l2.clone()), counter_over(FaultyL2::new(Arc::new(memory), 0)));
    l2.set(L2Faults { timeout: SECOND / 2, ..L2Faults::default() });
    for forgets in [true, false] {
        assert_eq!(read(&counter, 5).await, 5);
        l2.hang();
        let change = async {
            match forgets {
                true => drop(counter.forget(&Unread(1)).await),
                false => drop(counter.add_if_present(&Unread(1), 2, None).await),
            }
        };
        assert!(tokio::time::timeout(MILLI, change).await.is_err(), "the caller goes away");
        assert_eq!(counter.pending_removals(), 1);
        l2.heal();
        sleep(SECOND).await;
        assert_eq!(counter.pending_removals(), 0);
        assert_eq!(read(&other, 7).await, 7, "counted anew");
        assert_eq!(counter.forget(&Unread(1)).await, Invalidated::Everywhere);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_without_a_shared_tier_waits_for_nothing() {
    let hub = CacheHub::builder("counters").build().unwrap();
    let counter = hub.counter::<Unread>().unwrap();
    drop(counter.begin(&Unread(1)).await);
    assert_eq!(counter.pending_removals(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_finds_no_place_gives_its_lease_back() {
    let memory = MemoryL2::new();
    let build = |loads| {
        let l2 = FaultyL2::new(Arc::new(memory.clone()), 0);
        let hub = CacheHub::builder("counters").l2(l2).loads_per_model_max(loads).load_wait(MILLI);
        hub.build().unwrap().counter::<Unread>().unwrap()
    };
    let (busy, other) = (build(1), build(1));
    let hangs = tokio::spawn({
        let busy = busy.clone();
        async move {
            let forever = async || std::future::pending::<Result<i64, SourceFails>>().await;
            busy.get_or_seed(&Unread(2), forever).await
        }
    });
    tokio::task::yield_now().await;
    sleep(MILLI).await;
    let refused = busy.get_or_seed(&Unread(1), async || Ok::<_, SourceFails>(1)).await;
    assert!(matches!(refused, Err(LoadError::TooBusy)));
    let refused = busy.get_many_or_seed(&[Unread(1)], async |_| Ok::<_, SourceFails>(HashMap::new())).await;
    assert!(matches!(refused, Err(LoadError::TooBusy)));
    let begun = tokio::time::Instant::now();
    assert_eq!(read(&other, 5).await, 5);
    assert!(begun.elapsed() < MILLI * 5, "nobody holds the lease");
    assert_eq!(read(&other, 6).await, 5, "and it was kept");
    hangs.abort();
}

#[tokio::test]
async fn a_name_belongs_to_one_kind() {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    struct Other(u64);

    impl CacheId for Other {
        fn write(&self, text: &mut IdText) {
            self.0.write(text);
        }
    }

    impl CounterKey for Other {
        const MODEL: &'static str = Unread::MODEL;
    }

    #[derive(serde::Serialize, serde::Deserialize, bongsu_cache::CacheSchema)]
    #[cache(model = "unread", id = u64)]
    struct Cached {
        count: u64,
    }

    let hub = CacheHub::builder("counters").build().unwrap();
    hub.counter::<Unread>().unwrap();
    hub.counter::<Unread>().unwrap();
    assert!(matches!(hub.counter::<Other>(), Err(BuildError::DuplicateModel { .. })));
    assert!(matches!(hub.cache::<Cached>(), Err(BuildError::DuplicateModel { .. })));
    let hub = CacheHub::builder("counters").build().unwrap();
    hub.cache::<Cached>().unwrap();
    assert!(matches!(hub.counter::<Unread>(), Err(BuildError::DuplicateModel { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_addition_that_lands_late_does_not_count_in_the_next_counter() {
    let memory = MemoryL2::new();
    let l2 = FaultyL2::new(Arc::new(memory), 0);
    let counter = counter_over(l2.clone());
    for once in [None, Some(OperationId(1))] {
        let before = read(&counter, 5).await;
        l2.hold();
        assert_eq!(counter.add_if_present(&Unread(1), 1, once).await, CounterUpdate::Removed);
        assert_eq!(read(&counter, before + 1).await, before + 1);
        l2.land().await;
        assert_eq!(read(&counter, -1).await, before + 1, "counted in the source already");
    }
    let change = counter.begin(&Unread(1)).await;
    l2.hold();
    assert_eq!(change.committed(1).await, CounterUpdate::Removed);
    assert_eq!(read(&counter, 8).await, 8);
    l2.land().await;
    assert_eq!(read(&counter, -1).await, 8);
}

#[tokio::test(start_paused = true)]
async fn removals_that_do_not_fit_into_the_queue_renew_the_generation_instead() {
    let (memory, counter) = calm();
    let of_another = counter_over(FaultyL2::new(Arc::new(memory.clone()), 1));
    read(&counter, 5).await;
    memory.set_reachable(false);
    for id in 2..50_002 {
        assert!(matches!(counter.forget(&Unread(id)).await, Invalidated::QueuedForRetry { .. }));
    }
    assert!(matches!(counter.forget(&Unread(1)).await, Invalidated::QueuedForRetry { .. }));
    assert_eq!(read(&counter, 6).await, 6, "this process does not believe it any more");
    memory.set_reachable(true);
    while counter.pending_removals() > 0 {
        sleep(10 * MILLI).await;
    }
    assert_eq!(read(&of_another, 7).await, 7, "and soon nobody does");
}

/// How the processes of a chaos tell of their commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By [`Counter::begin`].
    Around,
    /// By adding after the commit.
    After,
}

const ROOMS: u64 = 4;

/// The source: what is true, and slow to tell.
#[derive(Debug, Default)]
struct Source([AtomicI64; ROOMS as usize]);

impl Source {
    fn of(&self, room: u64) -> &AtomicI64 {
        &self.0[room as usize]
    }
}

#[test]
fn under_chaos_a_counter_is_the_sources_or_there_is_none() {
    let all = run(20, Telling::Around);
    println!("{all:?} of counters that were compared with their source while all was quiet");
    assert_eq!(all.wrong, 0);
    assert!(all.right > all.absent, "a counter that is never there is exact, and of no use");
}

#[test]
fn adding_after_the_commit_only_is_found_to_count_twice() {
    // What `begin` is for. A check that cannot fail proves nothing.
    let all = run(5, Telling::After);
    println!("{all:?}");
    assert!(all.wrong > 0);
}

/// What was found of the counters while all was quiet.
#[derive(Debug, Default)]
struct Compared {
    right: u64,
    absent: u64,
    wrong: u64,
}

fn run(seeds: u64, telling: Telling) -> Compared {
    let mut all = Compared::default();
    for seed in 1..=seeds {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let of_seed = runtime.block_on(chaos(seed, telling));
        if telling == Telling::Around {
            assert_eq!(of_seed.wrong, 0, "seed {seed}");
        }
        all.right += of_seed.right;
        all.absent += of_seed.absent;
        all.wrong += of_seed.wrong;
    }
    all
}

async fn chaos(seed: u64, telling: Telling) -> Compared {
    let memory = MemoryL2::new();
    let tiers: Vec<FaultyL2> =
        (0..3).map(|process| FaultyL2::new(Arc::new(memory.clone()), seed ^ process)).collect();
    let counters: Vec<_> = tiers.iter().map(|l2| counter_over(l2.clone())).collect();
    let source = Arc::new(Source::default());
    let mut dice = Dice::seeded(seed);
    let mut compared = Compared::default();
    for _ in 0..15 {
        tiers.iter().for_each(|l2| l2.set(L2Faults { delay: 5 * MILLI, ..L2Faults::some() }));
        let mut actors = JoinSet::new();
        for counter in &counters {
            for _ in 0..2 {
                actors.spawn(act(counter.clone(), Arc::clone(&source), Dice::seeded(dice.number()), telling));
            }
        }
        match dice.below(4) {
            0 => memory.restart(),
            1 => memory.flush(),
            _ => {}
        }
        actors.join_all().await;
        // All is quiet and works again. Nothing may be left that differs.
        tiers.iter().for_each(|l2| l2.set(L2Faults::default()));
        while counters[..].iter().any(|counter| counter.pending_removals() > 0) {
            sleep(10 * MILLI).await;
        }
        for room in 0..ROOMS {
            let truth = source.of(room).load(Ordering::SeqCst);
            let absent = i64::MIN;
            let seen =
                counters[0].get_or_seed(&Unread(room), async move || Ok::<_, SourceFails>(absent)).await;
            let seen = seen.unwrap();
            if seen == absent {
                compared.absent += 1;
            } else if seen == truth {
                compared.right += 1;
            } else {
                compared.wrong += 1;
            }
            if seen != truth {
                assert_eq!(counters[0].forget(&Unread(room)).await, Invalidated::Everywhere);
            }
        }
    }
    compared
}

/// Some reads and some changes of some counters.
async fn act(counter: Counter<Unread>, source: Arc<Source>, mut dice: Dice, telling: Telling) {
    for _ in 0..12 {
        let room = dice.below(ROOMS);
        sleep(dice.time_up_to(20 * MILLI)).await;
        if dice.happens(500) {
            let (before, after) = (dice.time_up_to(10 * MILLI), dice.time_up_to(10 * MILLI));
            let source = Arc::clone(&source);
            let seed = async move || {
                sleep(before).await;
                let counted = source.of(room).load(Ordering::SeqCst);
                sleep(after).await;
                Ok::<_, SourceFails>(counted)
            };
            counter.get_or_seed(&Unread(room), seed).await.unwrap();
            continue;
        }
        let by = i64::try_from(dice.below(5)).unwrap() - 2;
        if telling == Telling::After {
            source.of(room).fetch_add(by, Ordering::SeqCst);
            sleep(dice.time_up_to(10 * MILLI)).await;
            let once = Some(OperationId(u128::from(dice.number())));
            let _update: CounterUpdate = counter.add_if_present(&Unread(room), by, once).await;
            continue;
        }
        let change = counter.begin(&Unread(room)).await;
        sleep(dice.time_up_to(10 * MILLI)).await;
        if dice.happens(50) {
            change.not_committed();
            continue;
        }
        source.of(room).fetch_add(by, Ordering::SeqCst);
        sleep(dice.time_up_to(10 * MILLI)).await;
        if dice.happens(50) {
            // The reply to the commit was lost.
            drop(change);
        } else {
            let _update: CounterUpdate = change.committed(by).await;
        }
    }
}
