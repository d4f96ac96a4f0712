//! Upkeep: what goes by age or by acks, what waits for whom, and the audit that finds no drift.

use bongsu_types::{CommitNo, Millis, Ordinal, Retention, RoomId, RoomKind, Seq, SessionNo};

use super::acts::{device, hello, message, message_of, refused, room, texts, user};
use super::{DAY_MS, Fixture};
use crate::{CreateRoom, HistoryFrom, Refusal, SweepReport};

async fn keeping(fixture: &Fixture, retention: Retention) -> RoomId {
    fixture.create(CreateRoom { retention, ..room(RoomKind::Group, "alice", &["bob"]) }).await
}

const ONE_DAY: Retention = Retention::History { days: Some(1) };

async fn sweep(fixture: &Fixture) -> SweepReport {
    let report = fixture.store().sweep(10_000).await.unwrap();
    assert!(!report.more);
    report
}

pub async fn records_older_than_their_days_go(fixture: &Fixture) {
    let room = keeping(fixture, ONE_DAY).await;
    fixture.send(room, "alice", "old").await;
    fixture.advance(DAY_MS + 1);
    let kept = fixture.send(room, "alice", "new").await;
    fixture.advance(1_000);
    let report = sweep(fixture).await;
    assert_eq!((report.rooms, report.records), (1, 2));
    let head = fixture.head(room).await;
    assert_eq!((head.floor_seq, head.floor_ord, head.expired_ord), (Seq(2), Ordinal(1), Ordinal(1)));
    assert_eq!((head.seq, head.ord), (kept.seq, Ordinal(2)));
    assert_eq!(fixture.unread("bob", room).await, 1, "what expired no longer counts");
    let log = fixture.log(room).await;
    assert_eq!((log.len(), log[0].seq), (1, kept.seq));
    fixture.assert_dense(room).await;
    fixture.assert_no_drift().await;
}

pub async fn rooms_kept_for_ever_and_young_records_stay(fixture: &Fixture) {
    let for_ever = keeping(fixture, Retention::History { days: None }).await;
    fixture.advance(1_000 * DAY_MS);
    let young = keeping(fixture, ONE_DAY).await;
    fixture.send(young, "alice", "new").await;
    let report = sweep(fixture).await;
    assert_eq!((report.rooms, report.records), (0, 0));
    assert_eq!(fixture.head(for_ever).await.floor_seq, Seq(0));
    assert_eq!(fixture.log(young).await.len(), 2);
}

pub async fn a_swept_room_goes_on_where_it_was(fixture: &Fixture) {
    let room = keeping(fixture, ONE_DAY).await;
    let old = fixture.send(room, "alice", "old").await.seq;
    fixture.react(room, "bob", old, "+").await;
    fixture.advance(2 * DAY_MS);
    sweep(fixture).await;
    let head = fixture.head(room).await;
    assert_eq!((head.seq, head.floor_seq, head.ord), (Seq(3), Seq(3), Ordinal(1)));
    assert_eq!(fixture.log(room).await, []);
    let store = fixture.store();
    assert_eq!(
        refused(store.edit(super::acts::edit(room, "alice", old, "x")).await),
        Refusal::MessageNotFound
    );
    assert_eq!(store.own_reactions(&user("bob"), room, &[old]).await.unwrap(), []);
    assert_eq!(store.details(&user("bob"), &[room]).await.unwrap()[0].last, None);
    let new = fixture.send(room, "alice", "new").await;
    assert_eq!((new.seq, new.ord), (Seq(4), Ordinal(2)));
    assert_eq!(fixture.unread("bob", room).await, 1);
    let page = fixture.page("bob", room, HistoryFrom::Latest, 10).await;
    assert_eq!((texts(&page), page.covered), (vec!["new"], Some((Seq(4), Seq(4)))));
    fixture.assert_dense(room).await;
    fixture.assert_no_drift().await;
}

pub async fn transit_records_go_once_every_device_of_every_member_acked_them(fixture: &Fixture) {
    let room = keeping(fixture, Retention::Transit).await;
    for (name, device) in [("alice", "phone"), ("bob", "phone"), ("bob", "laptop")] {
        fixture.hello(name, device).await;
    }
    for text in ["a", "b", "c"] {
        fixture.send(room, "alice", text).await;
    }
    fixture.ack("alice", "phone", &[(room, 4)]).await;
    fixture.ack("bob", "phone", &[(room, 3)]).await;
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(1), "the laptop acked nothing yet");
    fixture.ack("bob", "laptop", &[(room, 2)]).await;
    sweep(fixture).await;
    let head = fixture.head(room).await;
    assert_eq!((head.floor_seq, head.floor_ord, head.expired_ord), (Seq(2), Ordinal(1), Ordinal(0)));
    assert_eq!(fixture.unread("bob", room).await, 3, "delivered is not read");
    fixture.assert_no_drift().await;
    fixture.store().remove_device(&user("bob"), &super::acts::device("laptop")).await.unwrap();
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(3));
    fixture.assert_dense(room).await;
    fixture.assert_no_drift().await;
}

pub async fn a_member_without_a_device_holds_transit_records_for_thirty_days(fixture: &Fixture) {
    let room = keeping(fixture, Retention::Transit).await;
    fixture.hello("alice", "phone").await;
    let sent = fixture.send(room, "alice", "a").await.seq;
    fixture.ack("alice", "phone", &[(room, sent.get())]).await;
    fixture.advance(29 * DAY_MS);
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(0));
    fixture.advance(2 * DAY_MS);
    sweep(fixture).await;
    let head = fixture.head(room).await;
    assert_eq!((head.floor_seq, head.expired_ord), (sent, Ordinal(1)));
    assert_eq!(fixture.unread("bob", room).await, 0);
    fixture.assert_no_drift().await;
}

pub async fn a_device_that_joins_later_holds_only_what_came_after(fixture: &Fixture) {
    let room = keeping(fixture, Retention::Transit).await;
    fixture.hello("alice", "phone").await;
    fixture.send(room, "alice", "a").await;
    fixture.ack("alice", "phone", &[(room, 2)]).await;
    fixture.hello("bob", "phone").await;
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(2));
}

pub async fn a_sweep_keeps_to_its_budget_and_says_when_more_is_due(fixture: &Fixture) {
    let rooms = [keeping(fixture, ONE_DAY).await, keeping(fixture, ONE_DAY).await];
    for room in rooms {
        for text in ["a", "b", "c", "d"] {
            fixture.send(room, "alice", text).await;
        }
    }
    fixture.advance(2 * DAY_MS);
    let (mut records, mut calls) = (0, 0);
    loop {
        let report = fixture.store().sweep(3).await.unwrap();
        assert!(report.records <= 3);
        records += report.records;
        calls += 1;
        for room in rooms {
            fixture.assert_dense(room).await;
        }
        fixture.assert_no_drift().await;
        if !report.more {
            break;
        }
    }
    assert_eq!(records, 10);
    assert!(calls >= 4);
    for room in rooms {
        assert_eq!(fixture.head(room).await.floor_seq, Seq(5));
    }
}

pub async fn a_sweep_waits_for_the_slowest_consumer_thirty_days_at_most(fixture: &Fixture) {
    let room = keeping(fixture, ONE_DAY).await;
    fixture.send(room, "alice", "a").await;
    let told = fixture.last_commit().await;
    fixture.send(room, "alice", "b").await;
    fixture.store().store_consumer("slow", CommitNo::ZERO).await.unwrap();
    fixture.store().store_consumer("fast", CommitNo(99)).await.unwrap();
    fixture.advance(2 * DAY_MS);
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(0));
    fixture.store().store_consumer("slow", told).await.unwrap();
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(2));
    fixture.advance(29 * DAY_MS);
    sweep(fixture).await;
    assert_eq!(fixture.head(room).await.floor_seq, Seq(3), "nobody is waited for any longer");
}

pub async fn devices_are_forgotten_thirty_days_after_they_ended(fixture: &Fixture) {
    let store = fixture.store();
    for name in ["removed", "removed-too", "back", "idle", "idle-too", "busy"] {
        fixture.hello("bob", name).await;
    }
    for name in ["removed", "removed-too", "back"] {
        store.remove_device(&user("bob"), &device(name)).await.unwrap();
    }
    fixture.advance(DAY_MS);
    fixture.hello("bob", "back").await;
    fixture.advance(28 * DAY_MS);
    fixture.ack("bob", "back", &[]).await;
    fixture.ack("bob", "busy", &[]).await;
    sweep(fixture).await;
    let old = hello("bob", "removed-too", Millis(1), None);
    assert_eq!(refused(store.hello(old).await), Refusal::TokenRevoked);
    assert_eq!(fixture.hello("bob", "removed-too").await.session_no, SessionNo(2));

    fixture.advance(DAY_MS);
    assert_eq!(store.expire_devices().await.unwrap(), 2);
    sweep(fixture).await;
    assert_eq!(fixture.hello("bob", "removed").await.session_no, SessionNo(1), "as if it never was");
    assert_eq!(fixture.hello("bob", "back").await.session_no, SessionNo(3), "it is active again");
    fixture.advance(29 * DAY_MS);
    sweep(fixture).await;
    assert_eq!(fixture.hello("bob", "idle").await.session_no, SessionNo(2));
    fixture.advance(DAY_MS);
    sweep(fixture).await;
    assert_eq!(fixture.hello("bob", "idle-too").await.session_no, SessionNo(1));
    assert!(fixture.hello("bob", "busy").await.resumed);
}

pub async fn keys_stay_thirty_days_even_when_their_message_went(fixture: &Fixture) {
    let room = keeping(fixture, ONE_DAY).await;
    let first = fixture.append(message(room, "alice", "c-1", "once")).await;
    fixture.advance(20 * DAY_MS);
    sweep(fixture).await;
    assert_eq!(fixture.log(room).await, []);
    let again = fixture.append(message(room, "alice", "c-1", "once")).await;
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    fixture.advance(11 * DAY_MS);
    assert!(sweep(fixture).await.other_rows > 0);
    assert!(!fixture.append(message(room, "alice", "c-1", "once")).await.duplicate);
    fixture.assert_dense(room).await;
}

pub async fn tombstones_of_former_members_go_after_thirty_days(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.remove(room, "alice", &["bob"]).await;
    fixture.advance(29 * DAY_MS);
    sweep(fixture).await;
    assert!(!fixture.row("bob", room).await.is_member());
    fixture.advance(2 * DAY_MS);
    assert!(sweep(fixture).await.other_rows > 0);
    assert_eq!(fixture.store().room_row(&user("bob"), room).await.unwrap(), None);
    fixture.add(room, "alice", &["bob"]).await;
    assert_eq!(fixture.row("bob", room).await.user_rev.get(), 3, "revisions go on");
}

pub async fn refs_of_the_tail_go_after_thirty_days(fixture: &Fixture) {
    fixture.group("alice", &["bob"]).await;
    fixture.advance(31 * DAY_MS);
    let young = fixture.group("alice", &[]).await;
    sweep(fixture).await;
    let refs = fixture.tail(100).await;
    assert!(!refs.is_empty() && refs.iter().all(|tail_ref| tail_ref.room == young));
}

pub async fn what_was_swept_is_not_swept_again(fixture: &Fixture) {
    let room = keeping(fixture, ONE_DAY).await;
    fixture.append(message(room, "alice", "c-1", "a")).await;
    fixture.remove(room, "alice", &["bob"]).await;
    fixture.advance(40 * DAY_MS);
    assert_ne!(sweep(fixture).await, SweepReport::default());
    assert_eq!(sweep(fixture).await, SweepReport::default());
}

pub async fn the_audit_walks_all_rows_and_starts_over(fixture: &Fixture) {
    for (creator, other) in [("alice", "bob"), ("bob", "carol"), ("carol", "alice")] {
        let room = fixture.direct(creator, other).await;
        fixture.send(room, creator, "one").await;
        fixture.send(room, other, "two").await;
        fixture.read(room, creator, 2).await;
    }
    let (mut after, mut sampled) = (None, 0);
    loop {
        let (report, next) = fixture.store().audit(after, 2).await.unwrap();
        assert_eq!(report.drift, []);
        sampled += report.sampled;
        if next.is_none() {
            break;
        }
        after = next;
    }
    assert_eq!(sampled, 6);
}

pub async fn the_audit_finds_no_drift_in_a_life_of_joins_marks_and_sweeps(fixture: &Fixture) {
    let room = keeping(fixture, Retention::History { days: Some(3) }).await;
    for round in 0..12_u64 {
        let sent = fixture.send(room, "alice", &format!("a{round}")).await;
        fixture.send(room, "bob", &format!("b{round}")).await;
        fixture.delete(room, "alice", sent.seq).await;
        match round % 4 {
            0 => drop(fixture.add(room, "alice", &["carol"]).await),
            1 => drop(fixture.read(room, "carol", sent.seq.get()).await),
            2 => drop(fixture.remove(room, "alice", &["carol"]).await),
            _ => drop(sweep(fixture).await),
        }
        fixture.advance(DAY_MS);
        fixture.assert_no_drift().await;
    }
    fixture.assert_dense(room).await;
    let log = fixture.log(room).await;
    assert!(
        log.iter()
            .filter(|record| record.body.message().is_some())
            .all(|record| { message_of(record).rev >= record.seq })
    );
}
