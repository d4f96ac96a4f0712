//! A cluster that breaks: the shard in trouble comes back by itself, the others notice nothing, and what was written
//! before is not believed after.

use std::time::Duration;

use bongsu_cache::contract::{
    Addition, Counted, CounterSeed, Filled, Key, L2, L2Error, Lease, Over, Token, within,
};
use bongsu_cache::valkey::Valkey;
use bongsu_testbed::{Engine, until};
use tokio::time::{Instant, timeout};

use crate::load::{LONG, Load, Outcome, epoch_at_last, fill, keys_on, rand_token};
use crate::servers::{Turn, on_both_engines, shard_of};

on_both_engines! {
    a_primary_that_is_killed_is_replaced_and_other_shards_notice_nothing;
    a_primary_that_hangs_is_replaced_and_other_shards_notice_nothing;
    a_call_with_a_deadline_has_the_answers_of_the_shards_that_answer;
    a_failover_on_demand_is_followed_at_once;
    a_primary_that_comes_back_into_office_is_another_run;
    slots_that_move_are_followed;
    everything_is_forgotten_by_flushall;
    half_a_region_does_not_depend_on_the_other_half;
}

/// A wait that fails a test: what it waits for takes a few seconds at most.
const BOUND: Duration = Duration::from_secs(30);

/// What a call on a primary that hangs may cost, where that primary is to be back before it is replaced.
const HASTY: Duration = Duration::from_millis(500);

async fn connected(turn: &Turn) -> Valkey {
    Valkey::connect(turn.options().with_must_be_reachable(true)).await.unwrap()
}

fn unharmed(outcomes: &[Outcome], but: usize) {
    for (shard, outcome) in outcomes.iter().enumerate().filter(|(shard, _)| *shard != but) {
        assert!(outcome.answers > 0);
        assert_eq!(outcome.errors, 0, "shard {shard}: {outcome:?}");
    }
}

async fn a_primary_that_is_killed_is_replaced_and_other_shards_notice_nothing(engine: Engine) {
    let turn = Turn::take(engine).await;
    let l2 = connected(&turn).await.l2();
    let before = &keys_on(1, 20)[19];
    let old = fill(&*l2, before, "before").await;
    let load = Load::start(&l2);
    load.answers(1, 20).await;

    let dead = turn.cluster().kill_primary(1).await;
    let killed = Instant::now();
    load.an_error(1).await;
    let noticed = killed.elapsed();
    let new = epoch_at_last(&*l2, before).await;
    let recovered = killed.elapsed();
    assert_ne!(new.run, old.run, "what the dead primary held is not believed");
    load.answers(1, 20).await;
    let outcomes = load.stop().await;
    println!(
        "{engine}: kill -9 of a primary: first error after {noticed:?}, its shard answers again after \
         {recovered:?}; {outcomes:?}"
    );
    unharmed(&outcomes, 1);
    turn.cluster().restart(dead).await;
}

async fn a_primary_that_hangs_is_replaced_and_other_shards_notice_nothing(engine: Engine) {
    let turn = Turn::take(engine).await;
    let l2 = connected(&turn).await.l2();
    let before = &keys_on(2, 20)[19];
    let old = fill(&*l2, before, "before").await;
    let load = Load::start(&l2);
    load.answers(2, 20).await;

    let hung = turn.cluster().pause_primary(2).await;
    let paused = Instant::now();
    let new = epoch_at_last(&*l2, before).await;
    let recovered = paused.elapsed();
    assert_ne!(new.run, old.run);
    load.answers(2, 20).await;
    turn.cluster().resume(hung);
    let outcomes = load.stop().await;
    println!("{engine}: SIGSTOP of a primary: its shard answers again after {recovered:?}; {outcomes:?}");
    unharmed(&outcomes, 2);
}

async fn a_call_with_a_deadline_has_the_answers_of_the_shards_that_answer(engine: Engine) {
    let turn = Turn::take(engine).await;
    let patient = turn.options().with_must_be_reachable(true).with_answer_timeout(BOUND);
    let l2 = Valkey::connect(patient).await.unwrap().l2();
    let keys = [keys_on(0, 1)[0].clone(), keys_on(2, 1)[0].clone()];
    for key in &keys {
        fill(&*l2, key, "before").await;
    }
    let hung = turn.cluster().pause_primary(2).await;
    let answers = timeout(BOUND / 2, within(Duration::from_millis(500), l2.get_many(&keys))).await;
    turn.cluster().resume(hung);
    let answers = answers.unwrap();
    assert!(answers[0].is_ok(), "{answers:?}");
    assert_eq!(answers[1], Err(L2Error::Timeout));
}

async fn a_failover_on_demand_is_followed_at_once(engine: Engine) {
    let turn = Turn::take(engine).await;
    let l2 = connected(&turn).await.l2();
    let before = &keys_on(0, 20)[19];
    let old = fill(&*l2, before, "before").await;
    let load = Load::start(&l2);
    load.answers(0, 20).await;
    turn.failover(0).await;
    until("another run", async || (l2.epoch(before).await.ok()?.run != old.run).then_some(())).await;
    load.answers(0, 20).await;
    let outcomes = load.stop().await;
    println!("{engine}: CLUSTER FAILOVER: {outcomes:?}");
    unharmed(&outcomes, 0);
}

async fn a_primary_that_comes_back_into_office_is_another_run(engine: Engine) {
    let turn = Turn::take(engine).await;
    let (busy, idle) = (connected(&turn).await.l2(), connected(&turn).await.l2());
    let key = &keys_on(0, 1)[0];
    let first = fill(&*busy, key, "before").await;
    assert_eq!(epoch_at_last(&*idle, key).await, first);
    turn.failover(0).await;
    until("the first handover", async || (busy.epoch(key).await.ok()?.run != first.run).then_some(())).await;
    turn.failover(0).await;
    let third = until("the second handover", async || {
        let epoch = fill(&*busy, key, "after").await;
        let found = busy.get_many(std::slice::from_ref(key)).await.remove(0).ok()?;
        (found.epoch == epoch && turn.cluster().primary(0).await == 0).then_some(epoch)
    })
    .await;
    assert_ne!(third, first, "deletes of the time between may be lost");
    // Who asked nothing meanwhile may have kept its connection, and finds out.
    until("all to agree", async || {
        (idle.epoch(key).await.ok()? == busy.epoch(key).await.ok()?).then_some(())
    })
    .await;
    assert_ne!(epoch_at_last(&*idle, key).await.run, first.run);
}

async fn slots_that_move_are_followed(engine: Engine) {
    let turn = Turn::take(engine).await;
    let l2 = connected(&turn).await.l2();
    let key = &keys_on(0, 20)[19];
    let old = fill(&*l2, key, "before").await;
    let load = Load::start(&l2);
    load.answers(0, 20).await;
    let slots = key.slot()..=key.slot();
    turn.cluster().migrate_slots(0, 2, slots.clone()).await;
    let new = fill(&*l2, key, "after").await;
    assert_ne!(new.run, old.run, "the entry came with the slot, and another run answers");
    let found = l2.get_many(std::slice::from_ref(key)).await.remove(0).unwrap();
    assert_eq!(found.epoch, new);
    load.answers(0, 20).await;
    turn.cluster().migrate_slots(2, 0, slots).await;
    fill(&*l2, key, "at home").await;
    let outcomes = load.stop().await;
    println!("{engine}: a slot moved there and back: {outcomes:?}");
    assert!(outcomes.iter().all(|outcome| outcome.errors == 0), "{outcomes:?}");
}

async fn everything_is_forgotten_by_flushall(engine: Engine) {
    let turn = Turn::take(engine).await;
    let l2 = connected(&turn).await.l2();
    let key = &keys_on(1, 1)[0];
    let counter = Key::counter("load", "thing", "flushed");
    let old = fill(&*l2, key, "before").await;
    let to = seed(&*l2, &counter, 5).await;
    let load = Load::start(&l2);
    turn.cluster().flush_all().await;
    load.answers(1, 20).await;
    let found = l2.get_many(std::slice::from_ref(key)).await.remove(0).unwrap();
    assert!(found.stored.is_none() && found.epoch != old, "{found:?}");
    assert_eq!(l2.counter(&counter).await.unwrap(), None);
    let addition = Addition { by: 1, to, once: None };
    assert_eq!(l2.add_if_present(&counter, addition).await.unwrap(), Counted::NotSeeded);
    let outcomes = load.stop().await;
    assert!(outcomes.iter().all(|outcome| outcome.errors == 0), "{outcomes:?}");
}

async fn seed(l2: &dyn L2, counter: &Key, value: i64) -> Token {
    let token = Token(rand_token());
    let lease = l2.lease(counter, token, LONG, Over::Present).await.unwrap();
    let Lease::Won(epoch) = lease else { panic!("it is free: {lease:?}") };
    let seed = CounterSeed { token, epoch, value, ttl: LONG };
    assert_eq!(l2.seed_counter(counter, seed).await.unwrap(), Filled::Stored);
    token
}

async fn half_a_region_does_not_depend_on_the_other_half(engine: Engine) {
    // The sixth region begins on the first shard and ends on the second.
    let turn = Turn::take(engine).await;
    let hasty = turn.options().with_must_be_reachable(true).with_answer_timeout(HASTY);
    let l2 = Valkey::connect(hasty).await.unwrap().l2();
    let in_region = |shard| {
        let mut keys = keys_on(shard, 10_000).into_iter();
        keys.find(|key| key.region().index() == 5).unwrap()
    };
    let (first, second) = (in_region(0), in_region(1));
    assert_eq!((shard_of(first.slot()), shard_of(second.slot())), (0, 1));
    let before = [fill(&*l2, &first, "a").await, fill(&*l2, &second, "b").await];
    let hung = turn.cluster().pause_primary(0).await;
    let found = l2.get_many(&[first.clone(), second.clone()]).await;
    assert!(found[0].is_err());
    assert_eq!(found[1].as_ref().unwrap().epoch, before[1]);
    turn.cluster().resume(hung);
    let renewed = tokio::time::timeout(BOUND, async {
        until("the generation to change", async || l2.renew_generation("thing", first.region()).await.ok())
            .await;
        [epoch_at_last(&*l2, &first).await, epoch_at_last(&*l2, &second).await]
    });
    let after = renewed.await.unwrap();
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before.generation, after.generation, "both halves were dropped");
    }
}
