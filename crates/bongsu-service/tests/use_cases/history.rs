//! Reading history and logs.

use bongsu_service::{HistoryFrom, HistoryRequest, ServiceError};
use bongsu_types::{RoomId, Seq};

use crate::fixture::*;

fn latest(room: RoomId, limit: Option<usize>) -> HistoryRequest {
    HistoryRequest { room, from: HistoryFrom::Latest, limit }
}

#[tokio::test]
async fn a_page_has_the_usual_length_unless_asked() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    for number in 0..60 {
        world.say("alice", room, &number.to_string()).await;
    }
    let page = world.service.history(&actor("bob"), latest(room, None)).await.unwrap();
    assert_eq!((page.messages.len(), page.more, page.head_seq), (50, true, Seq(61)));
    let page = world.service.history(&actor("bob"), latest(room, Some(200))).await.unwrap();
    assert_eq!((page.messages.len(), page.more), (60, false));
}

#[tokio::test]
async fn a_page_is_never_longer_than_the_limit_says() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    for limit in [0, 201] {
        let refused = world.service.history(&actor("bob"), latest(room, Some(limit))).await;
        assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "limit", .. })));
    }
}

#[tokio::test]
async fn a_stranger_hears_that_there_is_no_room() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    let refused = world.service.history(&actor("mallory"), latest(room, None)).await;
    assert_eq!(refused, Err(ServiceError::RoomNotFound));
}

#[tokio::test]
async fn the_hub_reads_records_without_a_hole() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    for number in 0..5 {
        world.say("alice", room, &number.to_string()).await;
    }
    let page = world.service.log_page(room, Seq(2), 3, 1_000_000).await.unwrap();
    let seqs: Vec<u64> = page.records.iter().map(|record| record.seq.get()).collect();
    assert_eq!((seqs, page.head_seq), (vec![3, 4, 5], Seq(6)));
    assert_eq!(world.service.member_ids(room).await.unwrap(), users(&["alice", "bob"]));
    let last = world.service.last_commit().await.unwrap();
    let tail = world.service.tail(last.prev(), 10).await.unwrap();
    assert_eq!((tail.refs[0].seq, tail.next, tail.last), (Seq(6), last, last));
}
