//! Deleting: what `Ok` says has happened, and for each key on its own.

use super::tier::{LONG, entry};
use super::{Tier, until};
use crate::contract::Filled;

pub async fn a_removal_takes_entry_and_lease(tier: &Tier) {
    let key = tier.key("removed");
    tier.filled(&key, b"old").await;
    let (token, epoch) = tier.won(&key, LONG).await;
    tier.remove(&key).await;
    assert_eq!(tier.bytes(&key).await, None);
    assert_eq!(tier.fill(&key, entry(epoch, 0, b"old"), LONG, token).await, Filled::Superseded);
    tier.won(&key, LONG).await;
}

pub async fn removing_what_is_not_there_works(tier: &Tier) {
    let key = tier.key("never");
    tier.remove(&key).await;
    tier.remove(&key).await;
    tier.filled(&key, b"body").await;
}

pub async fn removals_of_many_stand_in_the_order_of_the_keys(tier: &Tier) {
    let keys = tier.keys(60);
    for key in keys.iter().step_by(2) {
        tier.filled(key, b"body").await;
    }
    let removed = tier.l2().remove_many(&keys[..40]).await;
    assert_eq!(removed.len(), 40);
    assert!(removed.iter().all(Result::is_ok), "{removed:?}");
    for (number, answer) in tier.l2().get_many(&keys).await.into_iter().enumerate() {
        let is_kept = number >= 40 && number % 2 == 0;
        assert_eq!(answer.unwrap().stored.is_some(), is_kept, "entry {number}");
    }
}

pub async fn a_removal_that_works_in_part_says_which_part(tier: &Tier) {
    let Some((here, there)) = tier.keys_apart() else { return };
    tier.filled(&here, b"here").await;
    tier.filled(&there, b"there").await;
    tier.servers().hang(&here).await;
    let mut removed = tier.l2().remove_many(&[there.clone(), here.clone()]).await.into_iter();
    let (of_there, of_here) = (removed.next().unwrap(), removed.next().unwrap());
    tier.servers().resume(&here).await;
    assert_eq!(of_there, Ok(()));
    assert!(of_here.is_err(), "a server that hangs confirms nothing");
    assert_eq!(tier.bytes(&there).await, None);
    until("the removal to work", async || {
        tier.l2().remove_many(std::slice::from_ref(&here)).await.remove(0).ok()
    })
    .await;
    assert_eq!(tier.bytes(&here).await, None);
}

pub async fn a_removal_reaches_every_process(tier: &Tier) {
    let key = tier.key("removed");
    let another = tier.another_process().await;
    tier.filled(&key, b"old").await;
    another.remove_many(std::slice::from_ref(&key)).await.remove(0).unwrap();
    assert_eq!(tier.bytes(&key).await, None);
}
