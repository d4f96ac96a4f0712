//! Under which epoch an entry is believed: what changes it, and that an old one never comes back.

use std::collections::HashSet;

use super::tier::{LONG, model};
use super::{Tier, until};
use crate::contract::{Epoch, Key, Lease, Over};

pub async fn an_epoch_stays_while_nothing_happens(tier: &Tier) {
    let key = tier.key("calm");
    let epoch = tier.epoch(&key).await;
    tier.filled(&key, b"body").await;
    tier.remove(&key).await;
    let another = tier.another_process().await;
    assert_eq!(another.epoch(&key).await.unwrap(), epoch);
    assert_eq!(tier.find(&key).await.epoch, epoch);
}

pub async fn a_renewed_generation_is_another_epoch(tier: &Tier) {
    let key = tier.key("renewed");
    let before = tier.epoch(&key).await;
    tier.filled(&key, b"body").await;
    tier.renew_generation(tier.model(), key.region()).await;
    let after = tier.find(&key).await.epoch;
    assert_ne!(after.generation, before.generation);
    assert_eq!(after.run, before.run);
    let another = tier.another_process().await;
    assert_eq!(another.epoch(&key).await.unwrap(), after);
}

pub async fn a_generation_is_of_one_model_in_one_region(tier: &Tier) {
    let key = tier.key("renewed");
    let elsewhere = tier.key_in_another_region(&key);
    let other_model = model();
    let same_region = (0..).map(|number| tier.key_of(other_model, &number.to_string()));
    let other = same_region.into_iter().find(|other| other.region() == key.region()).unwrap();
    let (before_elsewhere, before_other) = (tier.epoch(&elsewhere).await, tier.epoch(&other).await);
    tier.renew_generation(tier.model(), key.region()).await;
    assert_eq!(tier.epoch(&elsewhere).await, before_elsewhere);
    assert_eq!(tier.epoch(&other).await, before_other);
}

pub async fn generations_never_come_back(tier: &Tier) {
    let key = tier.key("renewed");
    let mut seen = HashSet::from([tier.epoch(&key).await]);
    for _ in 0..50 {
        tier.renew_generation(tier.model(), key.region()).await;
        assert!(seen.insert(tier.epoch(&key).await), "a generation came back");
    }
}

pub async fn a_server_that_forgot_everything_has_another_epoch(tier: &Tier) {
    let key = tier.key("forgotten");
    tier.filled(&key, b"body").await;
    let before = tier.epoch(&key).await;
    tier.servers().flush(&key).await;
    let after = epoch_at_last(tier, &key).await;
    assert_ne!(after, before, "an entry from before, coming late, would be believed");
    assert_eq!(tier.bytes(&key).await, None);
}

pub async fn a_server_that_started_again_is_another_run(tier: &Tier) {
    let key = tier.key("restarted");
    tier.filled(&key, b"body").await;
    let before = tier.epoch(&key).await;
    tier.servers().restart(&key).await;
    let after = epoch_at_last(tier, &key).await;
    assert_ne!(after.run, before.run);
    let another = tier.another_process().await;
    let seen_by_another = until("the server to answer", async || another.epoch(&key).await.ok()).await;
    assert_eq!(seen_by_another, after, "a run has one name");
}

pub async fn what_a_read_says_of_the_epoch_is_what_a_lease_says(tier: &Tier) {
    for key in tier.keys(20) {
        let read = tier.find(&key).await.epoch;
        let lease = tier.l2().lease(&key, tier.token(), LONG, Over::Absent).await.unwrap();
        assert_eq!(lease, Lease::Won(read));
        assert_eq!(tier.epoch(&key).await, read);
    }
}

async fn epoch_at_last(tier: &Tier, key: &Key) -> Epoch {
    until("the server to answer", async || tier.l2().epoch(key).await.ok()).await
}
