//! Pages of the log: what they cover, whom they are for, where they end.

use bongsu_types::{Retention, RoomChange, RoomId, RoomKind, Seq};

use super::acts::{message, refused, room, seqs, texts, update, user};
use super::{DAY_MS, Fixture};
use crate::{CreateRoom, HistoryFrom, Refusal, UpdateRoom};

/// Seq 1 is the creation; messages are 2, 3, 5, 6, 8, 9; 4 and 7 are edits.
async fn room_with_gaps(fixture: &Fixture) -> RoomId {
    let room = fixture.group("alice", &["bob"]).await;
    for number in 1..=3_u64 {
        let target = fixture.send(room, "alice", &format!("a{number}")).await.seq;
        fixture.send(room, "bob", &format!("b{number}")).await;
        if number < 3 {
            fixture.edit(room, "alice", target, &format!("A{number}")).await;
        }
    }
    room
}

pub async fn the_latest_page_ends_at_the_head(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    let page = fixture.page("bob", room, HistoryFrom::Latest, 3).await;
    assert_eq!((seqs(&page), page.more), (vec![6, 8, 9], true));
    assert_eq!(page.covered, Some((Seq(6), Seq(9))));
    assert_eq!((page.floor_seq, page.head_seq), (Seq(0), Seq(9)));
    let page = fixture.page("bob", room, HistoryFrom::Latest, 6).await;
    assert_eq!(texts(&page), ["A1", "b1", "A2", "b2", "a3", "b3"]);
    assert_eq!((page.more, page.covered), (false, Some((Seq(1), Seq(9)))));
}

pub async fn a_page_covers_trailing_records_that_are_no_messages(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    fixture.react(room, "bob", Seq(9), "+").await;
    let page = fixture.page("bob", room, HistoryFrom::Latest, 1).await;
    assert_eq!((seqs(&page), page.covered), (vec![9], Some((Seq(9), Seq(10)))));
    let page = fixture.page("bob", room, HistoryFrom::After(Seq(9)), 5).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![], Some((Seq(10), Seq(10))), false));
}

pub async fn pages_before_a_seq_walk_back_without_holes(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    let page = fixture.page("bob", room, HistoryFrom::Before(Seq(8)), 2).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![5, 6], Some((Seq(5), Seq(7))), true));
    let page = fixture.page("bob", room, HistoryFrom::Before(Seq(5)), 2).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![2, 3], Some((Seq(1), Seq(4))), false));
    let page = fixture.page("bob", room, HistoryFrom::Before(Seq(1)), 2).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![], None, false));
}

pub async fn pages_after_a_seq_walk_on_without_holes(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    let page = fixture.page("bob", room, HistoryFrom::After(Seq(3)), 2).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![5, 6], Some((Seq(4), Seq(6))), true));
    let page = fixture.page("bob", room, HistoryFrom::After(Seq(6)), 2).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![8, 9], Some((Seq(7), Seq(9))), false));
    let page = fixture.page("bob", room, HistoryFrom::After(Seq(9)), 2).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![], None, false));
    let page = fixture.page("bob", room, HistoryFrom::After(Seq(99)), 2).await;
    assert_eq!((seqs(&page), page.covered), (vec![], None));
}

pub async fn a_page_around_a_seq_has_both_sides(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    let page = fixture.page("bob", room, HistoryFrom::Around(Seq(6)), 4).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![5, 6, 8, 9], Some((Seq(5), Seq(9))), true));
    let page = fixture.page("bob", room, HistoryFrom::Around(Seq(5)), 3).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![3, 5, 6], Some((Seq(3), Seq(6))), true));
    let page = fixture.page("bob", room, HistoryFrom::Around(Seq(2)), 4).await;
    assert_eq!((seqs(&page), page.covered, page.more), (vec![2, 3, 5, 6], Some((Seq(1), Seq(6))), false));
}

pub async fn a_page_ends_at_its_bytes_but_holds_one_message(fixture: &Fixture) {
    fixture.limit(|limits| limits.page_bytes = 10).await;
    let room = fixture.group("alice", &[]).await;
    for text in ["12345", "1234567890123", "1234567", "123"] {
        fixture.send(room, "alice", text).await;
    }
    let page = fixture.page("alice", room, HistoryFrom::Latest, 10).await;
    assert_eq!((seqs(&page), page.more), (vec![4, 5], true));
    let page = fixture.page("alice", room, HistoryFrom::Before(Seq(4)), 10).await;
    assert_eq!((texts(&page), page.more), (vec!["1234567890123"], true));
    let page = fixture.page("alice", room, HistoryFrom::After(Seq(0)), 10).await;
    assert_eq!((seqs(&page), page.more), (vec![2], true));
}

pub async fn a_page_has_at_least_one_item_and_at_most_the_limit(fixture: &Fixture) {
    fixture.limit(|limits| limits.page_items = 2).await;
    let room = room_with_gaps(fixture).await;
    assert_eq!(fixture.page("bob", room, HistoryFrom::Latest, 0).await.messages.len(), 1);
    assert_eq!(fixture.page("bob", room, HistoryFrom::Latest, 50).await.messages.len(), 2);
}

pub async fn an_empty_log_is_an_empty_page(fixture: &Fixture) {
    let room = fixture.channel("alice", &[]).await;
    for from in [HistoryFrom::Latest, HistoryFrom::Before(Seq(1)), HistoryFrom::Around(Seq(1))] {
        let page = fixture.page("alice", room, from, 10).await;
        assert_eq!((seqs(&page), page.covered, page.more), (vec![], None, false));
    }
}

pub async fn history_before_the_join_is_hidden_unless_the_room_shows_it(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "before").await;
    let joined = fixture.add(room, "alice", &["carol"]).await.seq;
    fixture.send(room, "alice", "after").await;
    let page = fixture.page("carol", room, HistoryFrom::Latest, 10).await;
    assert_eq!((texts(&page), page.covered), (vec!["after"], Some((joined, joined.next()))));
    assert!(!page.more);
    let page = fixture.page("carol", room, HistoryFrom::Before(joined), 10).await;
    assert_eq!((seqs(&page), page.covered), (vec![], None));

    let change = RoomChange { history_before_join: Some(true), ..RoomChange::default() };
    fixture.store().update_room(UpdateRoom { change, ..update(room, "alice") }).await.unwrap();
    let page = fixture.page("carol", room, HistoryFrom::Latest, 10).await;
    assert_eq!(texts(&page), ["before", "after"]);
}

pub async fn a_former_member_reads_nothing_and_a_rejoined_one_only_what_follows(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "together").await;
    fixture.remove(room, "alice", &["bob"]).await;
    fixture.send(room, "alice", "alone").await;
    let gone = fixture.store().history(&user("bob"), room, HistoryFrom::Latest, 10).await;
    assert_eq!(refused(gone), Refusal::RoomNotFound);
    fixture.add(room, "alice", &["bob"]).await;
    fixture.send(room, "alice", "again").await;
    assert_eq!(texts(&fixture.page("bob", room, HistoryFrom::Latest, 10).await), ["again"]);
}

pub async fn in_a_channel_a_member_reads_from_the_head_at_the_join(fixture: &Fixture) {
    let room = fixture.channel("alice", &[]).await;
    fixture.send(room, "alice", "before").await;
    fixture.add(room, "alice", &["bob"]).await;
    let page = fixture.page("bob", room, HistoryFrom::Latest, 10).await;
    assert_eq!((seqs(&page), page.covered), (vec![], None));
    fixture.send(room, "alice", "after").await;
    assert_eq!(texts(&fixture.page("bob", room, HistoryFrom::Latest, 10).await), ["after"]);
}

pub async fn history_ends_at_the_floor(fixture: &Fixture) {
    let retention = Retention::History { days: Some(1) };
    let request = CreateRoom { retention, ..room(RoomKind::Group, "alice", &["bob"]) };
    let room = fixture.create(request).await;
    fixture.send(room, "alice", "old").await;
    fixture.advance(2 * DAY_MS);
    fixture.send(room, "alice", "new").await;
    fixture.store().sweep(1_000).await.unwrap();
    let page = fixture.page("bob", room, HistoryFrom::Latest, 10).await;
    assert_eq!((texts(&page), page.more, page.floor_seq), (vec!["new"], false, Seq(2)));
    assert_eq!(page.covered, Some((Seq(3), Seq(3))));
    let page = fixture.page("bob", room, HistoryFrom::After(Seq(0)), 10).await;
    assert_eq!((texts(&page), page.covered), (vec!["new"], Some((Seq(3), Seq(3)))));
}

pub async fn records_are_dense_and_bounded(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    let store = fixture.store();
    let numbers = |page: &crate::RecordPage| -> Vec<u64> {
        page.records.iter().map(|record| record.seq.get()).collect()
    };
    let page = store.records(room, Seq(2), 3, usize::MAX).await.unwrap();
    assert_eq!((numbers(&page), page.head_seq, page.floor_seq), (vec![3, 4, 5], Seq(9), Seq(0)));
    let page = store.records(room, Seq(2), 100, 1).await.unwrap();
    assert_eq!(numbers(&page), [3], "at least one, whatever its size");
    let page = store.records(room, Seq(9), 100, 1_000).await.unwrap();
    assert_eq!((numbers(&page), page.head_seq), (vec![], Seq(9)));
    let nowhere = bongsu_types::RoomId::from_bytes([7; 16]);
    assert_eq!(refused(store.records(nowhere, Seq(0), 1, 1).await), Refusal::RoomNotFound);
}

pub async fn records_show_messages_in_their_current_state(fixture: &Fixture) {
    let room = room_with_gaps(fixture).await;
    let records = fixture.log(room).await;
    let message = super::acts::message_of(&records[1]);
    assert_eq!((message.text.as_str(), message.rev), ("A1", Seq(4)));
}

pub async fn a_history_read_while_others_write_is_one_snapshot(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let store = fixture.store();
    let writer = tokio::spawn(async move {
        for number in 0..200 {
            store.append(message(room, "alice", &format!("c-{number}"), "x")).await.unwrap();
        }
    });
    while !writer.is_finished() {
        let page = fixture.page("bob", room, HistoryFrom::Latest, 20).await;
        let (from, to) = page.covered.expect("the creation is covered at least");
        assert_eq!(to, page.head_seq);
        let expected: Vec<u64> = (from.get().max(2)..=to.get()).collect();
        assert_eq!(seqs(&page), expected, "every seq from the creation on is a message");
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}
