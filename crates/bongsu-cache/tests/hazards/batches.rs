//! Reads of many: one load for all that is missing.

use std::time::Duration;

use bongsu_cache::contract::{L2, Over, Token};

use crate::world::{World, key};

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_loaded_at_once_and_the_rest_not_at_all() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    for id in 0..10 {
        world.source.set(id, &format!("room {id}"));
    }
    one.titles(&[0, 1, 2]).await;
    other.titles(&[3, 4]).await;
    assert_eq!(world.source.loads(), 2);
    let titles = other.titles(&[0, 1, 2, 3, 4, 5, 6, 6, 6, 99]).await;
    assert_eq!(world.source.loads(), 3);
    assert_eq!(titles.len(), 7, "absent ids are not in the answer");
    assert!(titles.iter().all(|(id, title)| *title == format!("room {id}")));
    other.titles(&[0, 1, 2, 3, 4, 5, 6, 99]).await;
    one.titles(&[5, 6, 99]).await;
    assert_eq!(world.source.loads(), 3, "absence is kept too");
}

#[tokio::test(start_paused = true)]
async fn batches_and_single_reads_join_each_other() {
    let world = World::new();
    let node = world.node().await;
    for id in 0..4 {
        world.source.set(id, "room");
    }
    let (one, many, more) = tokio::join!(node.title(1), node.titles(&[0, 1, 2]), node.titles(&[1, 2, 3]));
    assert_eq!(one.as_deref(), Some("room"));
    assert_eq!((many.len(), more.len()), (3, 3));
    assert_eq!(world.source.loads(), 3, "1 alone, then 0 and 2, then 3");
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_in_rounds() {
    let world = World::new();
    let node = world.node().await;
    for id in 0..2500 {
        world.source.set(id, "room");
    }
    let ids: Vec<u64> = (0..2500).collect();
    assert_eq!(node.titles(&ids).await.len(), 2500);
    assert_eq!(world.source.loads(), 3);
    assert_eq!(node.titles(&ids).await.len(), 2500);
    assert_eq!(world.source.loads(), 3);
}

#[tokio::test(start_paused = true)]
async fn ids_that_others_load_are_waited_for_without_holding_up_the_rest() {
    let world = World::new();
    let node = world.node().await;
    for id in 0..3 {
        world.source.set(id, "room");
    }
    // Another process loads 0 and dies.
    let lease = Duration::from_secs(60);
    world.l2.lease(&key(0), Token(1), lease, Over::Absent).await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(node.titles(&[0, 1, 2]).await.len(), 3);
    assert!(begun.elapsed() >= Duration::from_secs(1), "as long as the lease wait");
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(world.source.loads(), 2, "1 and 2 at once, 0 after the wait");
}

#[tokio::test(start_paused = true)]
async fn what_a_batch_may_load_is_loaded_before_it_waits_for_others() {
    let world = World::new();
    let node = world.node().await;
    world.source.set(1, "room");
    world.l2.lease(&key(0), Token(1), Duration::from_secs(60), Over::Absent).await.unwrap();
    let begun = tokio::time::Instant::now();
    let batch = tokio::spawn({
        let node = node.clone();
        async move { node.titles(&[0, 1]).await }
    });
    world.source.somebody_is_loading().await;
    assert_eq!(begun.elapsed(), Duration::ZERO, "the clock moves only when everybody waits");
    assert_eq!(batch.await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_the_shared_tier_out_of_reach_loads_everything() {
    let world = World::new();
    let node = world.node().await;
    for id in 0..3 {
        world.source.set(id, "room");
    }
    node.l2.cut();
    assert_eq!(node.titles(&[0, 1, 2]).await.len(), 3);
    assert_eq!(world.source.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_another_one_finishes_is_answered_while_the_batch_still_loads() {
    let world = World::new();
    let (one, other) = world.two_nodes().await;
    for id in 0..2 {
        world.source.set(id, "room");
    }
    world.source.takes(Duration::from_millis(20));
    let quick = tokio::spawn({
        let other = other.clone();
        async move { other.title(0).await }
    });
    world.source.somebody_is_loading().await;
    // What the batch has to load itself takes two seconds, and room 0 twenty milliseconds.
    world.source.takes(Duration::from_secs(2));
    let batch = tokio::spawn({
        let one = one.clone();
        async move { one.titles(&[0, 1]).await }
    });
    let begun = tokio::time::Instant::now();
    tokio::task::yield_now().await;
    assert_eq!(one.title(0).await.as_deref(), Some("room"), "a reader who joined the batch");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(batch.await.unwrap().len(), 2);
    assert_eq!(quick.await.unwrap().as_deref(), Some("room"));
    assert_eq!(world.source.loads(), 2);
}
