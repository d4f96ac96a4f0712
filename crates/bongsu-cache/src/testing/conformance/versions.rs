//! Writes with a version: the newest one stays.

use super::tier::{LONG, SHORT, entry, entry_with};
use super::{Tier, until};
use crate::contract::{Filled, Key, Lease, Over, Put};
use crate::envelope::Version;

/// Two to the 53: numbers beyond it are no longer exact where numbers are floating.
const EXACT: u64 = 1 << 53;

async fn put(tier: &Tier, key: &Key, version: u64) -> Put {
    let epoch = tier.epoch(key).await;
    let entry = entry(epoch, version, format!("version {version}").as_bytes());
    tier.put(key, entry, LONG).await
}

async fn holds(tier: &Tier, key: &Key, version: u64) -> bool {
    let bytes = tier.bytes(key).await;
    bytes.is_some_and(|bytes| bytes.ends_with(format!("version {version}").as_bytes()))
}

pub async fn a_newer_version_replaces_and_an_older_one_does_not(tier: &Tier) {
    let key = tier.key("versioned");
    assert_eq!(put(tier, &key, 5).await, Put::Stored);
    assert_eq!(put(tier, &key, 4).await, Put::Older);
    assert!(holds(tier, &key, 5).await);
    assert_eq!(put(tier, &key, 300).await, Put::Stored);
    assert!(holds(tier, &key, 300).await);
    assert_eq!(put(tier, &key, 299).await, Put::Older, "versions are compared as numbers");
    let left = tier.stored(&key).await.unwrap().left;
    assert!(left <= LONG && left > LONG / 2, "{left:?}");
}

pub async fn the_same_version_again_changes_nothing(tier: &Tier) {
    let key = tier.key("versioned");
    assert_eq!(put(tier, &key, 5).await, Put::Stored);
    assert_eq!(put(tier, &key, 5).await, Put::Older);
    assert!(holds(tier, &key, 5).await);
}

pub async fn versions_beyond_two_to_the_53_are_told_apart(tier: &Tier) {
    let rising = [EXACT, EXACT + 1, EXACT + 2, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1];
    for (number, pair) in rising.windows(2).enumerate() {
        let key = tier.key(&format!("pair-{number}"));
        assert_eq!(put(tier, &key, pair[0]).await, Put::Stored);
        assert_eq!(put(tier, &key, pair[1]).await, Put::Stored, "{pair:?}");
        assert_eq!(put(tier, &key, pair[0]).await, Put::Older, "{pair:?}");
        assert!(holds(tier, &key, pair[1]).await);
    }
}

pub async fn versions_at_once_end_at_the_newest(tier: &Tier) {
    let key = tier.key("versioned");
    let epoch = tier.epoch(&key).await;
    let mut writing = tokio::task::JoinSet::new();
    for number in 1..=32_u64 {
        // Neither rising nor falling.
        let version = number * 7 % 33 + EXACT;
        let (l2, key) = (tier.shared_l2(), key.clone());
        let entry = entry(epoch, version, format!("version {version}").as_bytes());
        let token = tier.token();
        writing.spawn(async move {
            // Whose claim was taken by another one claims again.
            loop {
                l2.lease(&key, token, LONG, Over::Holder).await.unwrap();
                if l2.put_if_newer(&key, entry.clone(), LONG, token).await.unwrap() != Put::Superseded {
                    return;
                }
            }
        });
    }
    writing.join_all().await;
    assert!(holds(tier, &key, 32 + EXACT).await);
}

pub async fn a_versioned_write_ends_the_lease_of_another(tier: &Tier) {
    let key = tier.key("versioned");
    let (token, epoch) = tier.won(&key, LONG).await;
    assert_eq!(put(tier, &key, 5).await, Put::Stored);
    assert_eq!(tier.fill(&key, entry(epoch, 4, b"version 4"), LONG, token).await, Filled::Superseded);
    assert!(holds(tier, &key, 5).await);
    tier.won(&key, LONG).await;
}

pub async fn an_older_write_ends_its_claim(tier: &Tier) {
    let key = tier.key("versioned");
    assert_eq!(put(tier, &key, 5).await, Put::Stored);
    assert_eq!(put(tier, &key, 4).await, Put::Older);
    let (token, epoch) = tier.won(&key, LONG).await;
    assert_eq!(tier.fill(&key, entry(epoch, 6, b"version 6"), LONG, token).await, Filled::Stored);
    assert!(holds(tier, &key, 6).await);
}

pub async fn a_write_without_its_claim_changes_nothing(tier: &Tier) {
    let key = tier.key("versioned");
    let (token, epoch) = tier.claimed(&key).await;
    let late = entry(epoch, 5, b"version 5");
    tier.remove(&key).await;
    assert_eq!(tier.l2().put_if_newer(&key, late.clone(), LONG, token).await.unwrap(), Put::Superseded);
    assert!(tier.bytes(&key).await.is_none(), "it lands after a delete");
    assert_eq!(put(tier, &key, 4).await, Put::Stored);
    assert_eq!(tier.l2().put_if_newer(&key, late, LONG, token).await.unwrap(), Put::Superseded);
    assert!(holds(tier, &key, 4).await);
}

pub async fn a_claim_takes_the_lease_of_another(tier: &Tier) {
    let key = tier.key("versioned");
    let (loader, epoch) = tier.won(&key, LONG).await;
    let (writer, _) = tier.claimed(&key).await;
    assert_eq!(tier.fill(&key, entry(epoch, 4, b"version 4"), LONG, loader).await, Filled::Superseded);
    let other = tier.l2().lease(&key, tier.token(), LONG, Over::Present).await.unwrap();
    assert!(matches!(other, Lease::Held { .. }), "{other:?}");
    let new = entry(epoch, 5, b"version 5");
    assert_eq!(tier.l2().put_if_newer(&key, new, LONG, writer).await.unwrap(), Put::Stored);
    assert!(holds(tier, &key, 5).await);
}

pub async fn an_entry_of_another_generation_gives_way_to_any_version(tier: &Tier) {
    let key = tier.key("versioned");
    assert_eq!(put(tier, &key, 5).await, Put::Stored);
    tier.renew_generation(tier.model(), key.region()).await;
    assert_eq!(put(tier, &key, 3).await, Put::Stored);
    assert!(holds(tier, &key, 3).await);
}

pub async fn an_entry_without_a_version_gives_way_to_any_version(tier: &Tier) {
    let key = tier.key("versioned");
    tier.filled(&key, b"without").await;
    assert_eq!(put(tier, &key, 1).await, Put::Stored);
    assert!(holds(tier, &key, 1).await);
}

pub async fn an_absence_without_a_version_gives_way_to_version_zero(tier: &Tier) {
    let key = tier.key("versioned");
    let (token, epoch) = tier.won(&key, LONG).await;
    assert_eq!(tier.fill(&key, entry_with(epoch, None, None), LONG, token).await, Filled::Stored);
    let first = entry_with(epoch, Some(Version(0)), Some(b"version 0"));
    assert_eq!(tier.put(&key, first.clone(), LONG).await, Put::Stored);
    assert!(holds(tier, &key, 0).await);
    assert_eq!(tier.put(&key, first, LONG).await, Put::Older, "zero is a version");
}

pub async fn after_a_removal_any_version_is_new(tier: &Tier) {
    let key = tier.key("versioned");
    assert_eq!(put(tier, &key, 5).await, Put::Stored);
    tier.remove(&key).await;
    assert_eq!(put(tier, &key, 3).await, Put::Stored);
    assert!(holds(tier, &key, 3).await);
}

pub async fn a_versioned_entry_ends_with_its_life(tier: &Tier) {
    let key = tier.key("versioned");
    let epoch = tier.epoch(&key).await;
    let put = tier.put(&key, entry(epoch, 5, b"short"), SHORT).await;
    assert_eq!(put, Put::Stored);
    until("the entry to end", async || tier.bytes(&key).await.is_none().then_some(())).await;
}
