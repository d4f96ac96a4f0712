//! The chat list: order, pages, filters, the badge, and what it costs.

use bongsu_service::{ListPage, ListRooms, ServiceError, SettingsChange};
use bongsu_types::{Limits, RoomId, RoomKind, Seq};

use crate::fixture::*;

fn limit(limit: usize) -> ListRooms {
    ListRooms { limit: Some(limit), ..ListRooms::default() }
}

fn ids(page: &ListPage) -> Vec<RoomId> {
    page.rows.iter().map(|row| row.own.room).collect()
}

async fn list(world: &World, user: &str, request: ListRooms) -> ListPage {
    world.service.list_rooms(&actor(user), request).await.unwrap()
}

async fn set(world: &World, user: &str, room: RoomId, change: SettingsChange) {
    world.service.change_settings(&actor(user), room, change).await.unwrap();
}

fn many_rooms(limits: &mut Limits) {
    limits.creates_per_min = 0;
}

#[tokio::test]
async fn pinned_rooms_come_first_then_the_latest_activity() {
    let world = World::new();
    let [a, b, c] = [
        world.group(&["alice", "bob"]).await,
        world.group(&["alice", "bob"]).await,
        world.group(&["alice", "bob"]).await,
    ];
    for room in [c, a, b] {
        world.clock.advance(1_000);
        world.say("bob", room, "hi").await;
    }
    assert_eq!(ids(&list(&world, "alice", limit(10)).await), [b, a, c]);
    set(&world, "alice", c, SettingsChange { pinned: Some(true), ..Default::default() }).await;
    assert_eq!(ids(&list(&world, "alice", limit(10)).await), [c, b, a]);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::with(many_rooms);
    let mut rooms = Vec::new();
    for _ in 0..25 {
        rooms.push(world.group(&["alice", "bob"]).await);
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = list(&world, "alice", ListRooms { cursor, ..limit(10) }).await;
        seen.extend(ids(&page));
        pages += 1;
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    // None of them had activity after the others: the order is by id.
    rooms.sort_unstable();
    assert_eq!((seen, pages), (rooms, 3));
}

#[tokio::test]
async fn the_last_page_has_no_cursor_even_when_it_is_full() {
    let world = World::new();
    for _ in 0..4 {
        world.group(&["alice", "bob"]).await;
    }
    let first = list(&world, "alice", limit(2)).await;
    let second = list(&world, "alice", ListRooms { cursor: first.cursor, ..limit(2) }).await;
    assert_eq!((second.rows.len(), second.cursor), (2, None));
}

#[tokio::test]
async fn a_cursor_of_ones_own_making_is_refused() {
    let world = World::new();
    let request = ListRooms { cursor: Some("nonsense".to_owned()), ..limit(2) };
    let refused = world.service.list_rooms(&actor("alice"), request).await;
    assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "cursor", .. })));
    for bad in [0, 201] {
        let refused = world.service.list_rooms(&actor("alice"), limit(bad)).await;
        assert!(matches!(refused, Err(ServiceError::InvalidParams { field: "limit", .. })));
    }
}

#[tokio::test]
async fn filters_choose_rows_and_leave_the_badge_alone() {
    let world = World::new();
    let read = world.group(&["alice", "bob"]).await;
    let unread = world.group(&["alice", "bob"]).await;
    let channel = world.room(RoomKind::Channel, &["bob", "alice"]).await;
    let marked = world.group(&["alice", "bob"]).await;
    world.say("bob", unread, "one").await;
    world.say("bob", unread, "two").await;
    world.say("bob", channel, "news").await;
    world.service.mark_unread(&actor("alice"), marked).await.unwrap();
    let all = list(&world, "alice", limit(10)).await;
    assert_eq!((all.rows.len(), all.unread_total), (4, 4));
    let some = list(&world, "alice", ListRooms { unread_only: true, ..limit(10) }).await;
    assert!(!ids(&some).contains(&read));
    assert_eq!((some.rows.len(), some.unread_total), (3, 4));
    let kind = list(&world, "alice", ListRooms { kind: Some(RoomKind::Channel), ..limit(10) }).await;
    assert_eq!((ids(&kind), kind.unread_total, kind.cursor), (vec![channel], 4, None));
}

#[tokio::test]
async fn hidden_and_muted_rooms_are_not_in_the_badge_and_hidden_ones_come_back_with_news() {
    let world = World::new();
    let (hidden, muted) = (world.group(&["alice", "bob"]).await, world.group(&["alice", "bob"]).await);
    world.say("bob", hidden, "one").await;
    world.say("bob", muted, "one").await;
    let until = SettingsChange { muted_until_ms: Some(START.plus(60_000)), ..Default::default() };
    set(&world, "alice", muted, until).await;
    set(&world, "alice", hidden, SettingsChange { hidden: Some(true), ..Default::default() }).await;
    let page = list(&world, "alice", limit(10)).await;
    assert_eq!((ids(&page), page.unread_total), (vec![muted], 0));
    let archive = list(&world, "alice", ListRooms { hidden: true, ..limit(10) }).await;
    assert_eq!(ids(&archive), [hidden]);
    world.say("bob", hidden, "two").await;
    let page = list(&world, "alice", limit(10)).await;
    assert_eq!((ids(&page), page.unread_total), (vec![hidden, muted], 2));
    world.clock.advance(60_000);
    assert_eq!(list(&world, "alice", limit(10)).await.unread_total, 3);
}

#[tokio::test]
async fn a_row_states_exact_unread_mentions_and_the_counterpart() {
    let world = World::new();
    let direct = world.room(RoomKind::Direct, &["bob", "alice"]).await;
    let mut called = message(direct, "c-1", "hi");
    called.mentions.users = users(&["alice"]);
    world.service.send(&actor("bob"), called).await.unwrap();
    world.say("bob", direct, "there?").await;
    let page = list(&world, "alice", limit(10)).await;
    let row = &page.rows[0];
    assert_eq!((row.unread, row.mentions, row.head.seq, row.own.read_seq), (2, 1, Seq(3), Seq(0)));
    assert_eq!(row.peer.as_ref().unwrap().user, user("bob"));
    assert_eq!(row.last().unwrap().text, "there?");
    assert!(row.own.request);
}

#[tokio::test]
async fn what_was_said_before_a_join_is_not_in_the_preview() {
    let world = World::new();
    let closed = world.group(&["alice", "bob"]).await;
    let mut open = new_room(RoomKind::Group, &["bob"]);
    open.history_before_join = true;
    let open = world.service.create_room(&actor("alice"), open).await.unwrap().room;
    for room in [closed, open] {
        world.say("alice", room, "secret").await;
        world.service.add_members(&actor("alice"), room, users(&["carol"])).await.unwrap();
    }
    let page = list(&world, "carol", limit(10)).await;
    let last = |room| page.rows.iter().find(|row| row.own.room == room).unwrap().last().cloned();
    assert_eq!(last(closed), None);
    assert!(last(open).is_some());
    assert_eq!(page.unread_total, 0);
}

#[tokio::test]
async fn a_preview_is_cut_between_characters() {
    let world = World::new();
    let room = world.group(&["alice", "bob"]).await;
    world.say("bob", room, &"가".repeat(100)).await;
    let page = list(&world, "alice", limit(10)).await;
    assert_eq!(page.rows[0].last().unwrap().text, "가".repeat(66));
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_and_has_at_least_one_row() {
    let world = World::with(|limits| limits.page_bytes = 20_000);
    for _ in 0..5 {
        let mut room = new_room(RoomKind::Group, &["bob"]);
        room.data = Some(json_of(8_000));
        world.service.create_room(&actor("alice"), room).await.unwrap();
    }
    let first = list(&world, "alice", limit(10)).await;
    assert_eq!(first.rows.len(), 2);
    let rest = list(&world, "alice", ListRooms { cursor: first.cursor, ..limit(10) }).await;
    assert_eq!(rest.rows.len(), 2);
    let tiny = world.service_with(|limits| limits.page_bytes = 1);
    assert_eq!(tiny.list_rooms(&actor("alice"), limit(10)).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn it_costs_two_store_calls_whatever_the_number_of_rooms_and_a_third_for_what_is_new() {
    let world = World::with(many_rooms);
    for number in 1..=5_000 {
        let room = world.group(&["alice", "bob"]).await;
        world.store.mark_unread(&user("alice"), room).await.unwrap();
        if [1, 10, 5_000].contains(&number) {
            world.calls.take();
            list(&world, "alice", limit(50)).await;
            assert_eq!(world.calls.take(), ["own_rows", "heads", "details"], "with {number} rooms");
            let page = list(&world, "alice", limit(50)).await;
            assert_eq!(world.calls.take(), ["own_rows", "heads"], "with {number} rooms");
            assert_eq!(page.unread_total, number);
            assert_eq!(page.rows.len(), 50.min(usize::try_from(number).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_filter_by_kind_costs_no_more_however_few_rooms_it_finds() {
    let world = World::with(|limits| {
        many_rooms(limits);
        limits.page_items = 10;
    });
    let oldest = world.room(RoomKind::Channel, &["alice", "bob"]).await;
    for _ in 0..34 {
        world.clock.advance(1);
        world.group(&["alice", "bob"]).await;
    }
    world.calls.take();
    let of = |kind| ListRooms { kind: Some(kind), ..limit(10) };
    let page = list(&world, "alice", of(RoomKind::Channel)).await;
    assert_eq!((ids(&page), page.cursor), (vec![oldest], None));
    assert_eq!(world.calls.take(), ["own_rows", "heads", "details"]);
    let page = list(&world, "alice", of(RoomKind::Direct)).await;
    assert_eq!((page.rows.len(), page.cursor), (0, None));
    assert_eq!(world.calls.take(), ["own_rows", "heads"]);
    let page = list(&world, "alice", of(RoomKind::Group)).await;
    assert_eq!((page.rows.len(), page.cursor.is_some(), world.calls.take().len()), (10, true, 3));
    list(&world, "alice", of(RoomKind::Group)).await;
    assert_eq!(world.calls.take(), ["own_rows", "heads"]);
}
