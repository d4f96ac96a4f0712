//! Reading entries, one and many.

use super::Tier;
use super::tier::LONG;
use super::until;
use crate::contract::{Epoch, Found};

pub async fn what_is_absent_is_nothing_under_the_epoch_that_holds(tier: &Tier) {
    let key = tier.key("absent");
    let epoch = tier.epoch(&key).await;
    assert_eq!(tier.find(&key).await, Found { epoch, stored: None });
}

pub async fn answers_stand_in_the_order_of_the_keys(tier: &Tier) {
    let keys = tier.keys(100);
    for (number, key) in keys.iter().enumerate().filter(|(number, _)| number % 3 == 0) {
        tier.filled(key, format!("body {number}").as_bytes()).await;
    }
    let answers = tier.l2().get_many(&keys).await;
    assert_eq!(answers.len(), keys.len());
    for (number, answer) in answers.into_iter().enumerate() {
        let stored = answer.unwrap().stored;
        assert_eq!(stored.is_some(), number % 3 == 0, "answer {number}");
        if let Some(stored) = stored {
            assert!(stored.bytes.ends_with(format!("body {number}").as_bytes()), "answer {number}");
        }
    }
}

pub async fn a_key_asked_for_twice_is_answered_twice(tier: &Tier) {
    let (here, absent) = (tier.key("here"), tier.key("absent"));
    let entry = tier.filled(&here, b"body").await;
    let answers = tier.l2().get_many(&[here.clone(), absent, here]).await;
    let bytes: Vec<_> =
        answers.into_iter().map(|answer| answer.unwrap().stored.map(|stored| stored.bytes)).collect();
    assert_eq!(bytes, [Some(entry.clone()), None, Some(entry)]);
}

pub async fn no_keys_have_no_answers(tier: &Tier) {
    assert!(tier.l2().get_many(&[]).await.is_empty());
    assert!(tier.l2().remove_many(&[]).await.is_empty());
    assert!(tier.l2().fill_many(&[], tier.token()).await.is_empty());
    let over = crate::contract::Over::Absent;
    assert!(tier.l2().lease_many(&[], tier.token(), LONG, over).await.is_empty());
}

pub async fn every_process_sees_the_same(tier: &Tier) {
    let key = tier.key("shared");
    let entry = tier.filled(&key, b"body").await;
    let another = tier.another_process().await;
    let found = another.get_many(std::slice::from_ref(&key)).await.remove(0).unwrap();
    assert_eq!(found.stored.unwrap().bytes, entry);
    assert_eq!(found.epoch, tier.epoch(&key).await);
}

pub async fn a_shard_in_trouble_fails_its_own_keys_only(tier: &Tier) {
    let Some((here, there)) = tier.keys_apart() else { return };
    let (entry_here, entry_there) = (tier.filled(&here, b"here").await, tier.filled(&there, b"there").await);
    tier.servers().hang(&here).await;
    let keys = [here.clone(), there.clone(), here.clone()];
    let mut answers = tier.l2().get_many(&keys).await.into_iter();
    let (first, second, third) = (answers.next().unwrap(), answers.next().unwrap(), answers.next().unwrap());
    assert!(first.is_err() && third.is_err(), "{first:?}, {third:?}");
    assert_eq!(second.unwrap().stored.unwrap().bytes, entry_there);

    tier.servers().resume(&here).await;
    let found: (Epoch, bytes::Bytes) = until("the shard to answer again", async || {
        let found = tier.l2().get_many(std::slice::from_ref(&here)).await.remove(0).ok()?;
        Some((found.epoch, found.stored?.bytes))
    })
    .await;
    assert_eq!(found.1, entry_here);
}
