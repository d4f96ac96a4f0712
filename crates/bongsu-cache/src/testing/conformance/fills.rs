//! Storing what was loaded: only while the lease stands.

use std::time::Duration;

use super::tier::{LONG, SHORT, entry};
use super::{Tier, until};
use crate::contract::{Filled, Lease, Over};

pub async fn a_fill_is_read_back_to_the_last_byte_with_the_time_it_has_left(tier: &Tier) {
    let bodies: [Vec<u8>; 3] =
        [Vec::new(), (0..=255).collect(), (0..1_000_000_u32).map(|number| (number % 251) as u8).collect()];
    for (number, body) in bodies.iter().enumerate() {
        let key = tier.key(&format!("body-{number}"));
        let entry = tier.filled(&key, body).await;
        let stored = tier.stored(&key).await.unwrap();
        assert!(stored.bytes == entry, "body {number} differs");
        assert!(stored.left > LONG - Duration::from_secs(60) && stored.left <= LONG, "{:?}", stored.left);
    }
}

pub async fn a_fill_ends_its_lease(tier: &Tier) {
    let key = tier.key("filled");
    tier.filled(&key, b"body").await;
    tier.won(&key, LONG).await;
}

pub async fn a_fill_without_a_lease_changes_nothing(tier: &Tier) {
    let key = tier.key("empty");
    let epoch = tier.epoch(&key).await;
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"new"), LONG, tier.token()).await, Filled::Superseded);
    assert_eq!(tier.bytes(&key).await, None);

    let before = tier.filled(&key, b"old").await;
    let (token, epoch) = tier.won(&key, LONG).await;
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"new"), LONG, tier.token()).await, Filled::Superseded);
    assert_eq!(tier.bytes(&key).await, Some(before));
    assert_eq!(
        tier.fill(&key, entry(epoch, 0, b"new"), LONG, token).await,
        Filled::Stored,
        "the lease stands"
    );
}

pub async fn a_fill_after_a_removal_changes_nothing(tier: &Tier) {
    let key = tier.key("removed");
    let (token, epoch) = tier.won(&key, LONG).await;
    tier.remove(&key).await;
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"old"), LONG, token).await, Filled::Superseded);
    assert_eq!(tier.bytes(&key).await, None);
}

pub async fn a_fill_after_the_lease_ran_out_changes_nothing(tier: &Tier) {
    let key = tier.key("late");
    let (token, epoch) = tier.won(&key, SHORT).await;
    let next = tier.won_at_last(&key, LONG).await;
    tier.l2().release(&key, next).await.unwrap();
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"late"), LONG, token).await, Filled::Superseded);
    assert_eq!(tier.bytes(&key).await, None);
}

pub async fn a_late_holder_does_not_overtake_its_successor(tier: &Tier) {
    let key = tier.key("late");
    let (token, epoch) = tier.won(&key, SHORT).await;
    let next = tier.won_at_last(&key, LONG).await;
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"late"), LONG, token).await, Filled::Superseded);
    let epoch = tier.epoch(&key).await;
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"next"), LONG, next).await, Filled::Stored);
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"late"), LONG, token).await, Filled::Superseded);
    assert_eq!(tier.bytes(&key).await, Some(entry(epoch, 0, b"next")));
}

pub async fn a_fill_that_is_repeated_changes_nothing(tier: &Tier) {
    let key = tier.key("repeated");
    let (token, epoch) = tier.won(&key, LONG).await;
    let entry = entry(epoch, 0, b"body");
    assert_eq!(tier.fill(&key, entry.clone(), LONG, token).await, Filled::Stored);
    assert_eq!(tier.fill(&key, entry.clone(), LONG, token).await, Filled::Superseded);
    assert_eq!(tier.bytes(&key).await, Some(entry));
    tier.remove(&key).await;
    assert_eq!(tier.bytes(&key).await, None);
}

pub async fn fills_of_many_stand_in_the_order_of_the_entries(tier: &Tier) {
    let keys = tier.keys(60);
    let token = tier.token();
    let leases = tier.l2().lease_many(&keys, token, LONG, Over::Absent).await;
    let mut entries = Vec::new();
    for (number, (key, lease)) in keys.iter().zip(leases).enumerate() {
        let Lease::Won(epoch) = lease.unwrap() else { panic!("lease {number} is free") };
        entries.push((key.clone(), entry(epoch, 0, format!("body {number}").as_bytes()), LONG));
    }
    for key in keys.iter().step_by(3) {
        tier.remove(key).await;
    }
    let filled = tier.l2().fill_many(&entries, token).await;
    assert_eq!(filled.len(), entries.len());
    for (number, (filled, (key, entry, _))) in filled.into_iter().zip(entries).enumerate() {
        let (expected, kept) =
            if number % 3 == 0 { (Filled::Superseded, None) } else { (Filled::Stored, Some(entry)) };
        assert_eq!(filled.unwrap(), expected, "answer {number}");
        assert_eq!(tier.bytes(&key).await, kept, "entry {number}");
    }
}

pub async fn each_entry_of_a_batch_has_its_own_life(tier: &Tier) {
    let keys = tier.keys(2);
    let token = tier.token();
    tier.l2().lease_many(&keys, token, LONG, Over::Absent).await;
    let epoch = tier.epoch(&keys[0]).await;
    let entries =
        [(keys[0].clone(), entry(epoch, 0, b"a"), LONG), (keys[1].clone(), entry(epoch, 0, b"b"), LONG / 10)];
    for filled in tier.l2().fill_many(&entries, token).await {
        assert_eq!(filled.unwrap(), Filled::Stored);
    }
    assert!(tier.stored(&keys[0]).await.unwrap().left > LONG / 2);
    assert!(tier.stored(&keys[1]).await.unwrap().left <= LONG / 10);
}

pub async fn an_entry_ends_with_its_life(tier: &Tier) {
    let key = tier.key("short");
    let (token, epoch) = tier.won(&key, LONG).await;
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"body"), SHORT, token).await, Filled::Stored);
    until("the entry to end", async || tier.bytes(&key).await.is_none().then_some(())).await;
}

pub async fn a_refresh_replaces_the_entry(tier: &Tier) {
    let key = tier.key("refreshed");
    tier.filled(&key, b"old").await;
    let new = tier.filled(&key, b"new").await;
    assert_eq!(tier.bytes(&key).await, Some(new));
}

pub async fn a_fill_does_not_replace_a_newer_version(tier: &Tier) {
    let key = tier.key("refreshed");
    for (version, body, expected) in [
        (6, &b"six"[..], Filled::Stored),
        (5, b"of a copy that lags", Filled::Superseded),
        (6, b"six again", Filled::Stored),
        (7, b"seven", Filled::Stored),
    ] {
        // Won each time: the fill before ended its lease, whatever it was worth.
        let (token, epoch) = tier.won(&key, LONG).await;
        assert_eq!(tier.fill(&key, entry(epoch, version, body), LONG, token).await, expected, "{version}");
        let stands = if expected == Filled::Stored { body } else { b"six" };
        assert!(tier.bytes(&key).await.is_some_and(|bytes| bytes.ends_with(stands)));
    }
}
