//! Counters: never made by adding, seeded under a lease, an operation applied once.

use super::tier::{LONG, SHORT};
use super::{Tier, until};
use crate::contract::{Addition, Counted, CounterSeed, Filled, Key, Lease, OperationId, Over, Token};

/// Adds to the counter that is there.
async fn add(tier: &Tier, key: &Key, by: i64, once: Option<u128>) -> Counted {
    let there = tier.l2().counter(key).await.unwrap();
    let to = there.map_or(Token(0), |counter| counter.seeded_by);
    add_to(tier, key, Addition { by, to, once: once.map(OperationId) }).await
}

async fn add_to(tier: &Tier, key: &Key, addition: Addition) -> Counted {
    tier.l2().add_if_present(key, addition).await.unwrap()
}

async fn value(tier: &Tier, key: &Key) -> Option<i64> {
    tier.l2().counter(key).await.unwrap().map(|counter| counter.value)
}

pub async fn an_absent_counter_is_never_made_by_adding(tier: &Tier) {
    let key = tier.counter_key("absent");
    assert_eq!(value(tier, &key).await, None);
    assert_eq!(add(tier, &key, 1, None).await, Counted::NotSeeded);
    assert_eq!(add(tier, &key, 1, Some(1)).await, Counted::NotSeeded);
    assert_eq!(value(tier, &key).await, None);
}

pub async fn a_seeded_counter_counts(tier: &Tier) {
    let key = tier.counter_key("seeded");
    tier.seeded(&key, 40, LONG).await;
    assert_eq!(value(tier, &key).await, Some(40));
    assert_eq!(add(tier, &key, 2, None).await, Counted::Applied(42));
    assert_eq!(add(tier, &key, -50, None).await, Counted::Applied(-8));
    let another = tier.another_process().await;
    assert_eq!(another.counter(&key).await.unwrap().map(|counter| counter.value), Some(-8));
}

pub async fn a_seed_needs_its_lease(tier: &Tier) {
    let key = tier.counter_key("unleased");
    let epoch = tier.epoch(&key).await;
    let seed = CounterSeed { token: tier.token(), epoch, value: 1, ttl: LONG };
    assert_eq!(tier.l2().seed_counter(&key, seed).await.unwrap(), Filled::Superseded);
    assert_eq!(value(tier, &key).await, None);

    let (token, _) = tier.won(&key, LONG).await;
    assert_eq!(tier.l2().seed_counter(&key, seed).await.unwrap(), Filled::Superseded);
    let own = CounterSeed { token, ..seed };
    assert_eq!(tier.l2().seed_counter(&key, own).await.unwrap(), Filled::Stored);
    assert_eq!(add(tier, &key, 1, None).await, Counted::Applied(2));
    assert_eq!(tier.l2().seed_counter(&key, own).await.unwrap(), Filled::Superseded, "a seed ends its lease");
    assert_eq!(value(tier, &key).await, Some(2));
}

pub async fn a_seed_after_a_removal_changes_nothing(tier: &Tier) {
    let key = tier.counter_key("removed");
    let (token, epoch) = tier.won(&key, LONG).await;
    tier.remove(&key).await;
    let seed = CounterSeed { token, epoch, value: 1, ttl: LONG };
    assert_eq!(tier.l2().seed_counter(&key, seed).await.unwrap(), Filled::Superseded);
    assert_eq!(value(tier, &key).await, None);
}

pub async fn a_removal_takes_the_counter(tier: &Tier) {
    let key = tier.counter_key("removed");
    tier.seeded(&key, 5, LONG).await;
    tier.remove(&key).await;
    assert_eq!(value(tier, &key).await, None);
    assert_eq!(add(tier, &key, 1, None).await, Counted::NotSeeded);
    tier.seeded(&key, 7, LONG).await;
    assert_eq!(value(tier, &key).await, Some(7));
}

pub async fn an_operation_is_applied_once(tier: &Tier) {
    let key = tier.counter_key("once");
    tier.seeded(&key, 10, LONG).await;
    assert_eq!(add(tier, &key, 1, Some(u128::MAX)).await, Counted::Applied(11));
    assert_eq!(add(tier, &key, 1, Some(u128::MAX)).await, Counted::Duplicate(11));
    assert_eq!(add(tier, &key, 1, Some(u128::MAX - 1)).await, Counted::Applied(12));
    assert_eq!(add(tier, &key, 1, Some(u128::MAX)).await, Counted::Duplicate(12), "the value is that of now");
    let other = tier.counter_key("another");
    tier.seeded(&other, 0, LONG).await;
    assert_eq!(
        add(tier, &other, 1, Some(u128::MAX)).await,
        Counted::Applied(1),
        "operations are of one counter"
    );
}

pub async fn operations_at_once_are_each_applied_once(tier: &Tier) {
    let key = tier.counter_key("once");
    let to = tier.seeded(&key, 0, LONG).await;
    let mut adding = tokio::task::JoinSet::new();
    for number in 0..64_u128 {
        let (l2, key) = (tier.shared_l2(), key.clone());
        // Every operation is sent twice.
        let once = Some(OperationId(number / 2));
        adding.spawn(async move { l2.add_if_present(&key, Addition { by: 1, to, once }).await.unwrap() });
    }
    let applied =
        adding.join_all().await.into_iter().filter(|counted| matches!(counted, Counted::Applied(_))).count();
    assert_eq!(applied, 32);
    assert_eq!(value(tier, &key).await, Some(32));
}

pub async fn operations_end_with_their_counter(tier: &Tier) {
    // What counts seeds and what was applied to them is one thing: whoever asks whether its operation is in the
    // counter must not be told of an operation that the counter before had.
    let key = tier.counter_key("again");
    tier.seeded(&key, 0, LONG).await;
    assert_eq!(add(tier, &key, 1, Some(9)).await, Counted::Applied(1));
    tier.remove(&key).await;
    tier.seeded(&key, 5, LONG).await;
    assert_eq!(add(tier, &key, 1, Some(9)).await, Counted::Applied(6));
}

pub async fn a_counter_ends_with_its_life(tier: &Tier) {
    let key = tier.counter_key("short");
    tier.seeded(&key, 5, SHORT).await;
    until("the counter to end", async || value(tier, &key).await.is_none().then_some(())).await;
    assert_eq!(add(tier, &key, 1, Some(1)).await, Counted::NotSeeded);
    tier.seeded(&key, 6, LONG).await;
    assert_eq!(value(tier, &key).await, Some(6));
}

pub async fn a_counter_that_is_there_is_not_leased_away(tier: &Tier) {
    let key = tier.counter_key("there");
    tier.seeded(&key, 5, LONG).await;
    let lease = tier.l2().lease(&key, tier.token(), LONG, Over::Absent).await.unwrap();
    assert!(matches!(lease, Lease::Filled(_)), "{lease:?}");
}

pub async fn a_counter_of_another_run_is_not_believed(tier: &Tier) {
    // The run before may have lost the last additions.
    let key = tier.counter_key("restarted");
    tier.seeded(&key, 5, LONG).await;
    tier.servers().restart(&key).await;
    let found = until("the server to answer", async || tier.l2().counter(&key).await.ok()).await;
    assert_eq!(found, None);
    assert_eq!(add(tier, &key, 1, Some(1)).await, Counted::NotSeeded);
    let token = tier.won_at_last(&key, LONG).await;
    let seed = CounterSeed { token, epoch: tier.epoch(&key).await, value: 8, ttl: LONG };
    assert_eq!(tier.l2().seed_counter(&key, seed).await.unwrap(), Filled::Stored);
    assert_eq!(value(tier, &key).await, Some(8));
}

pub async fn adding_to_no_counter_ends_the_lease_of_who_counts(tier: &Tier) {
    // It may have counted before the change that is added here.
    let key = tier.counter_key("counting");
    let (token, epoch) = tier.won(&key, LONG).await;
    assert_eq!(add(tier, &key, 1, Some(1)).await, Counted::NotSeeded);
    let seed = CounterSeed { token, epoch, value: 1, ttl: LONG };
    assert_eq!(tier.l2().seed_counter(&key, seed).await.unwrap(), Filled::Superseded);
    assert_eq!(value(tier, &key).await, None);
}

pub async fn counters_hold_the_whole_range(tier: &Tier) {
    let key = tier.counter_key("range");
    tier.seeded(&key, i64::MAX - 1, LONG).await;
    assert_eq!(add(tier, &key, 1, Some(1)).await, Counted::Applied(i64::MAX));
    let key = tier.counter_key("negative");
    tier.seeded(&key, i64::MIN, LONG).await;
    assert_eq!(value(tier, &key).await, Some(i64::MIN));
}

pub async fn an_addition_does_not_go_to_another_counter_than_the_one_it_means(tier: &Tier) {
    // It was given up, the counter was removed and counted anew with the change, and now it lands.
    let key = tier.counter_key("late");
    let first = tier.seeded(&key, 5, LONG).await;
    let late = Addition { by: 1, to: first, once: Some(OperationId(1)) };
    tier.remove(&key).await;
    assert_eq!(add_to(tier, &key, late).await, Counted::NotSeeded);
    let second = tier.seeded(&key, 6, LONG).await;
    assert_eq!(add_to(tier, &key, late).await, Counted::OtherSeed(second));
    assert_eq!(add_to(tier, &key, Addition { once: None, ..late }).await, Counted::OtherSeed(second));
    assert_eq!(value(tier, &key).await, Some(6));
    assert_eq!(add_to(tier, &key, Addition { to: second, ..late }).await, Counted::Applied(7));
}

pub async fn a_renewed_generation_ends_its_counters(tier: &Tier) {
    let key = tier.counter_key("renewed");
    let seed = tier.seeded(&key, 5, LONG).await;
    let elsewhere = tier.counter_key_in_another_region(&key);
    tier.seeded(&elsewhere, 9, LONG).await;
    tier.renew_generation(tier.model(), key.region()).await;
    assert_eq!(value(tier, &key).await, None);
    let addition = Addition { by: 1, to: seed, once: Some(OperationId(1)) };
    assert_eq!(add_to(tier, &key, addition).await, Counted::NotSeeded);
    assert_eq!(value(tier, &elsewhere).await, Some(9));
    tier.remove(&key).await;
    tier.seeded(&key, 6, LONG).await;
    assert_eq!(value(tier, &key).await, Some(6));
}

pub async fn a_seed_that_was_counted_under_another_generation_is_not_believed(tier: &Tier) {
    let key = tier.counter_key("counted-before");
    let (token, epoch) = tier.won(&key, LONG).await;
    tier.renew_generation(tier.model(), key.region()).await;
    let seed = CounterSeed { token, epoch, value: 5, ttl: LONG };
    tier.l2().seed_counter(&key, seed).await.unwrap();
    assert_eq!(value(tier, &key).await, None);
}
