//! The right to load: won by one, ended by time, by its holder, by a fill, by a removal.

use std::time::Duration;

use super::tier::{LONG, SHORT, entry};
use super::{Tier, until};
use crate::contract::{Filled, Lease, Over};

pub async fn the_first_to_ask_wins_and_the_next_is_told_how_long(tier: &Tier) {
    let key = tier.key("wanted");
    let epoch = tier.epoch(&key).await;
    let first = tier.l2().lease(&key, tier.token(), LONG, Over::Absent).await.unwrap();
    assert_eq!(first, Lease::Won(epoch));
    for over in [Over::Absent, Over::Present] {
        let next = tier.another_process().await.lease(&key, tier.token(), LONG, over).await.unwrap();
        let Lease::Held { left } = next else { panic!("the lease is held, and still: {next:?}") };
        assert!(left > Duration::ZERO && left <= LONG, "{left:?}");
    }
}

pub async fn of_many_at_once_one_wins(tier: &Tier) {
    let key = tier.key("wanted");
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (l2, key, token) = (tier.shared_l2(), key.clone(), tier.token());
        asking.spawn(async move { l2.lease(&key, token, LONG, Over::Absent).await.unwrap() });
    }
    let won = asking.join_all().await.into_iter().filter(|lease| matches!(lease, Lease::Won(_))).count();
    assert_eq!(won, 1);
}

pub async fn asking_again_with_the_same_token_is_no_other_lease(tier: &Tier) {
    // Whoever lost the first reply asks again, and must not wait for itself.
    let key = tier.key("wanted");
    let (token, epoch) = tier.won(&key, LONG).await;
    let again = tier.l2().lease(&key, token, LONG, Over::Absent).await.unwrap();
    assert_eq!(again, Lease::Won(epoch));
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"body"), LONG, token).await, Filled::Stored);
}

pub async fn a_lease_ends_by_itself(tier: &Tier) {
    let key = tier.key("wanted");
    tier.won(&key, SHORT).await;
    tier.won_at_last(&key, LONG).await;
}

pub async fn a_lease_that_was_given_back_is_free_at_once(tier: &Tier) {
    let key = tier.key("wanted");
    let (token, epoch) = tier.won(&key, LONG).await;
    tier.l2().release(&key, token).await.unwrap();
    tier.l2().release(&key, token).await.unwrap();
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"body"), LONG, token).await, Filled::Superseded);
    tier.won(&key, LONG).await;
}

pub async fn nobody_gives_back_the_lease_of_another(tier: &Tier) {
    let key = tier.key("wanted");
    tier.l2().release(&key, tier.token()).await.unwrap();
    let (token, epoch) = tier.won(&key, LONG).await;
    tier.l2().release(&key, tier.token()).await.unwrap();
    let other = tier.l2().lease(&key, tier.token(), LONG, Over::Present).await.unwrap();
    assert!(matches!(other, Lease::Held { .. }), "{other:?}");
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"body"), LONG, token).await, Filled::Stored);
}

pub async fn over_an_entry_there_is_a_lease_only_for_who_says_so(tier: &Tier) {
    let key = tier.key("filled");
    let entry = tier.filled(&key, b"body").await;
    let absent = tier.l2().lease(&key, tier.token(), LONG, Over::Absent).await.unwrap();
    assert!(matches!(absent, Lease::Filled(_)), "{absent:?}");
    tier.won(&key, LONG).await;
    assert_eq!(tier.bytes(&key).await, Some(entry), "a lease does not take the entry away");
}

pub async fn an_entry_that_came_meanwhile_is_the_answer(tier: &Tier) {
    let key = tier.key("filled");
    let entry = tier.filled(&key, b"body").await;
    let lease = tier.l2().lease(&key, tier.token(), LONG, Over::Absent).await.unwrap();
    let Lease::Filled(found) = lease else { panic!("there is an entry, and still: {lease:?}") };
    assert_eq!(found.epoch, tier.epoch(&key).await);
    let stored = found.stored.unwrap();
    assert_eq!(stored.bytes, entry);
    assert!(stored.left > Duration::ZERO && stored.left <= LONG, "{:?}", stored.left);
}

pub async fn leases_of_many_stand_in_the_order_of_the_keys(tier: &Tier) {
    let keys = tier.keys(60);
    for (number, key) in keys.iter().enumerate() {
        match number % 3 {
            0 => drop(tier.filled(key, b"body").await),
            1 => drop(tier.won(key, LONG).await),
            _ => {}
        }
    }
    let token = tier.token();
    let leases = tier.l2().lease_many(&keys, token, LONG, Over::Absent).await;
    assert_eq!(leases.len(), keys.len());
    for (number, lease) in leases.into_iter().enumerate() {
        let lease = lease.unwrap();
        let is_right = match number % 3 {
            0 => matches!(lease, Lease::Filled(_)),
            1 => matches!(lease, Lease::Held { .. }),
            _ => matches!(lease, Lease::Won(_)),
        };
        assert!(is_right, "answer {number}: {lease:?}");
    }
}

pub async fn a_lease_is_won_under_the_epoch_that_holds(tier: &Tier) {
    let key = tier.key("wanted");
    let (token, before) = tier.won(&key, LONG).await;
    tier.l2().release(&key, token).await.unwrap();
    tier.renew_generation(tier.model(), key.region()).await;
    let after = until("the lease to be free", async || {
        match tier.l2().lease(&key, tier.token(), LONG, Over::Absent).await.unwrap() {
            Lease::Won(epoch) => Some(epoch),
            _ => None,
        }
    })
    .await;
    assert_ne!(after.generation, before.generation);
    assert_eq!(after, tier.epoch(&key).await);
}
