//! Upkeep: sweeping, expiring, auditing.

use bongsu_service::{Auditor, NewRoom};
use bongsu_types::{Retention, RoomKind};

use crate::fixture::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

#[tokio::test]
async fn what_is_older_than_the_room_keeps_is_swept() {
    let world = World::new();
    let room = NewRoom {
        retention: Some(Retention::History { days: Some(1) }),
        ..new_room(RoomKind::Group, &["bob"])
    };
    let room = world.service.create_room(&actor("alice"), room).await.unwrap().room;
    world.say("alice", room, "old").await;
    assert_eq!(world.service.sweep_once().await.unwrap().records, 0);
    world.clock.advance(2 * DAY_MS);
    let swept = world.service.sweep_once().await.unwrap();
    assert_eq!((swept.rooms, swept.records), (1, 2));
    let row = world.service.room_row(&actor("bob"), room).await.unwrap();
    assert_eq!((row.unread, row.last()), (0, None));
}

#[tokio::test]
async fn idle_devices_expire() {
    let world = World::new();
    world.service.open_session(world.hello("alice", "phone")).await.unwrap();
    assert_eq!(world.service.expire_once().await.unwrap(), 0);
    world.clock.advance(31 * DAY_MS);
    assert_eq!(world.service.expire_once().await.unwrap(), 1);
    assert!(!world.service.open_session(world.hello("alice", "phone")).await.unwrap().opened.resumed);
}

#[tokio::test]
async fn an_audit_goes_round_all_rows_and_finds_no_drift() {
    let world = World::with(|limits| limits.creates_per_min = 0);
    for _ in 0..70 {
        let room = world.group(&["alice", "bob"]).await;
        world.say("alice", room, "hi").await;
    }
    let mut auditor = Auditor::default();
    let mut sampled = 0;
    for _ in 0..2 {
        let report = auditor.audit_once(&world.service).await.unwrap();
        assert_eq!(report.drift, []);
        sampled += report.sampled;
    }
    assert!(sampled >= 140, "{sampled}");
}
