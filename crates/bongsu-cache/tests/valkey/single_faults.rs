//! A single server that breaks.

use std::time::Duration;

use bongsu_cache::contract::{Addition, Counted, CounterSeed, Filled, Key, L2, L2Error, Lease, Over, Token};
use bongsu_cache::valkey::Valkey;
use bongsu_testbed::{Engine, until};
use tokio::time::Instant;

use crate::load::{LONG, epoch_at_last, fill, key, rand_token};
use crate::servers::{Single, on_both_engines};

on_both_engines! {
    what_a_server_held_before_it_was_killed_is_not_believed;
    calls_fail_at_once_while_a_server_hangs_and_work_when_it_goes_on;
    a_server_that_hangs_is_noticed_even_if_nobody_waits_for_long;
    scripts_that_a_server_forgot_are_sent_again;
    batches_longer_than_a_pipeline_are_answered_in_order;
    connections_that_are_ended_are_made_again_before_anybody_notices;
}

async fn connected(single: &Single) -> std::sync::Arc<dyn L2> {
    Valkey::connect(single.options()).await.unwrap().l2()
}

async fn what_a_server_held_before_it_was_killed_is_not_believed(engine: Engine) {
    let single = Single::start(engine).await;
    let l2 = connected(&single).await;
    let (entry, counter) = (key("entry"), Key::counter("load", "thing", "before"));
    let old = fill(&*l2, &entry, "before").await;
    let token = Token(rand_token());
    let lease = l2.lease(&counter, token, LONG, Over::Present).await.unwrap();
    let Lease::Won(epoch) = lease else { panic!("it is free: {lease:?}") };
    let seed = CounterSeed { token, epoch, value: 7, ttl: LONG };
    assert_eq!(l2.seed_counter(&counter, seed).await.unwrap(), Filled::Stored);

    single.server.kill();
    let killed = Instant::now();
    single.server.restart().await;
    let up = killed.elapsed();
    let new = epoch_at_last(&*l2, &entry).await;
    println!("{engine}: killed and started again in {up:?}, answers after {:?}", killed.elapsed());
    assert_ne!(new.run, old.run);
    assert_ne!(new.generation, old.generation, "a generation of another run is not believed either");
    let found = l2.get_many(std::slice::from_ref(&entry)).await.remove(0).unwrap();
    assert_eq!(found.epoch, new);
    assert_eq!(l2.counter(&counter).await.unwrap(), None);
    let addition = Addition { by: 1, to: token, once: None };
    assert_eq!(l2.add_if_present(&counter, addition).await.unwrap(), Counted::NotSeeded);
    let refill = l2.lease(&counter, Token(rand_token()), LONG, Over::Absent).await.unwrap();
    assert!(matches!(refill, Lease::Won(_)), "a counter that is not believed is as good as none: {refill:?}");
}

async fn calls_fail_at_once_while_a_server_hangs_and_work_when_it_goes_on(engine: Engine) {
    let single = Single::start(engine).await;
    let l2 = connected(&single).await;
    let entry = key("entry");
    let epoch = fill(&*l2, &entry, "before").await;
    single.server.pause();
    let paused = Instant::now();
    let mut timeouts = 0;
    while l2.epoch(&entry).await == Err(L2Error::Timeout) {
        timeouts += 1;
    }
    println!("{engine}: SIGSTOP: breaker open after {:?} and {timeouts} timeouts", paused.elapsed());
    assert!(timeouts <= 3);
    assert_eq!(l2.epoch(&entry).await, Err(L2Error::BreakerOpen), "while it hangs, nobody waits");
    single.server.resume();
    let resumed = Instant::now();
    assert_eq!(epoch_at_last(&*l2, &entry).await, epoch, "it is the same run");
    println!("{engine}: SIGCONT: answers after {:?}", resumed.elapsed());
}

async fn a_server_that_hangs_is_noticed_even_if_nobody_waits_for_long(engine: Engine) {
    let single = Single::start(engine).await;
    let l2 = connected(&single).await;
    let entry = key("entry");
    let epoch = fill(&*l2, &entry, "before").await;
    single.server.pause();
    let paused = Instant::now();
    let hasty = async || tokio::time::timeout(Duration::from_millis(20), l2.epoch(&entry)).await;
    until("the breaker to open", async || (hasty().await == Ok(Err(L2Error::BreakerOpen))).then_some(()))
        .await;
    println!("{engine}: SIGSTOP: breaker open after {:?}, nobody waited longer than 20 ms", paused.elapsed());
    single.server.resume();
    assert_eq!(epoch_at_last(&*l2, &entry).await, epoch);
}

async fn scripts_that_a_server_forgot_are_sent_again(engine: Engine) {
    let single = Single::start(engine).await;
    let l2 = connected(&single).await;
    for round in 0..3 {
        single.server.query::<()>(&["SCRIPT", "FLUSH"]).await.unwrap();
        let token = Token(rand_token());
        let keys: Vec<Key> = (0..50).map(|number| key(&format!("{round}-{number}"))).collect();
        let leases = l2.lease_many(&keys, token, LONG, Over::Absent).await;
        assert!(leases.iter().all(|lease| matches!(lease, Ok(Lease::Won(_)))), "{leases:?}");
    }
}

async fn batches_longer_than_a_pipeline_are_answered_in_order(engine: Engine) {
    let single = Single::start(engine).await;
    let mut options = single.options().with_answer_timeout(Duration::from_secs(20));
    options.pipeline_commands_max = 7;
    let l2 = Valkey::connect(options).await.unwrap().l2();
    let keys: Vec<Key> = (0..1000).map(|number| key(&number.to_string())).collect();
    let token = Token(rand_token());
    assert!(l2.lease_many(&keys, token, LONG, Over::Absent).await.iter().all(Result::is_ok));
    let entries: Vec<_> =
        keys.iter().map(|key| (key.clone(), key.as_str().to_owned().into(), LONG)).collect();
    assert!(l2.fill_many(&entries, token).await.into_iter().all(|filled| filled == Ok(Filled::Stored)));
    for (key, found) in keys.iter().zip(l2.get_many(&keys).await) {
        assert_eq!(found.unwrap().stored.unwrap().bytes, key.as_str());
    }
}

async fn connections_that_are_ended_are_made_again_before_anybody_notices(engine: Engine) {
    let single = Single::start(engine).await;
    let l2 = connected(&single).await;
    let entry = key("entry");
    let epoch = fill(&*l2, &entry, "kept").await;
    for _ in 0..50 {
        single.server.client_kill_all().await;
        let found = l2.get_many(std::slice::from_ref(&entry)).await.remove(0).unwrap();
        assert_eq!((found.epoch, found.stored.unwrap().bytes), (epoch, "kept".into()));
    }
}
