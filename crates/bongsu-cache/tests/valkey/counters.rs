//! Counters while connections end all the time: exact with operation ids, and without them wrong at most by what was
//! said to be unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bongsu_cache::contract::{
    Addition, Counted, CounterSeed, Filled, Key, L2, Lease, OperationId, Over, Token,
};
use bongsu_cache::valkey::Valkey;
use bongsu_testbed::{Engine, SHARDS, until};
use tokio::task::JoinSet;

use crate::load::{LONG, rand_token};
use crate::servers::{Turn, on_both_engines};

on_both_engines! {
    counters_are_exact_while_connections_are_killed;
}

const TASKS: u128 = 4;
const ADDITIONS: u128 = 400;

async fn counters_are_exact_while_connections_are_killed(engine: Engine) {
    let turn = Turn::take(engine).await;
    let l2 = Valkey::connect(turn.options()).await.unwrap().l2();
    let named = Key::counter("load", "thing", "named");
    let unnamed = Key::counter("load", "thing", "unnamed");
    let seeds = [seed(&*l2, &named).await, seed(&*l2, &unnamed).await];
    let counters = [named.clone(), unnamed.clone()];
    let done = Arc::new(AtomicBool::new(false));
    let storm = async {
        let mut kills = 0;
        while !done.load(Ordering::Relaxed) {
            for node in 0..2 * SHARDS {
                turn.cluster().client_kill_all(node).await;
                kills += 1;
            }
        }
        kills
    };
    let adding = async {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            tasks.spawn(add(Arc::clone(&l2), counters.clone(), seeds, task));
        }
        let outcomes = tasks.join_all().await;
        done.store(true, Ordering::Relaxed);
        outcomes
    };
    let (kills, outcomes) = tokio::join!(storm, adding);

    let value = async |counter: &Key| {
        let counter = until("a counter", async || l2.counter(counter).await.ok()).await;
        counter.map(|counter| counter.value)
    };
    let certain: i64 = outcomes.iter().map(|(certain, _)| certain).sum();
    let unknown: i64 = outcomes.iter().map(|(_, unknown)| unknown).sum();
    let (named, unnamed) = (value(&named).await, value(&unnamed).await);
    println!(
        "{engine}: {kills} kills of all connections of a node: {named:?} with ids; {unnamed:?} without, {certain} \
         certain, {unknown} unknown"
    );
    assert_eq!(named, i64::try_from(TASKS * ADDITIONS).ok());
    assert!((certain..=certain + unknown).contains(&unnamed.unwrap()));
}

/// Adds to both counters; how many additions without an id are certain, and how many unknown.
async fn add(l2: Arc<dyn L2>, [named, unnamed]: [Key; 2], seeds: [Token; 2], task: u128) -> (i64, i64) {
    let (mut certain, mut unknown) = (0, 0);
    for number in 0..ADDITIONS {
        let once = Some(OperationId(task * ADDITIONS + number));
        let named_by = Addition { by: 1, to: seeds[0], once };
        let counted = until("an addition", async || l2.add_if_present(&named, named_by).await.ok()).await;
        assert_ne!(counted, Counted::NotSeeded);
        match l2.add_if_present(&unnamed, Addition { by: 1, to: seeds[1], once: None }).await {
            Ok(Counted::Applied(_)) => certain += 1,
            Ok(other) => panic!("{other:?}"),
            Err(_) => unknown += 1,
        }
    }
    (certain, unknown)
}

async fn seed(l2: &dyn L2, counter: &Key) -> Token {
    let token = Token(rand_token());
    l2.remove_many(std::slice::from_ref(counter)).await.remove(0).unwrap();
    let Ok(Lease::Won(epoch)) = l2.lease(counter, token, LONG, Over::Present).await else {
        panic!("it is free")
    };
    let seed = CounterSeed { token, epoch, value: 0, ttl: LONG };
    assert_eq!(l2.seed_counter(counter, seed).await.unwrap(), Filled::Stored);
    token
}
