//! The room's stream: order, gaps, repair, who is taken off and where.

use bongsu_types::{
    ClientId, DeviceId, Mentions, Message, MessageKind, Millis, Ordinal, Record, RecordBody, RoomId, Seq,
    UserId,
};

use super::*;
use crate::hub::mailbox::{OwnFacts, Suspended, Suspension};
use crate::hub::outlet::tests::ended;

fn room() -> RoomId {
    RoomId::from_bytes([1; 16])
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn record(seq: u64, body: RecordBody) -> Arc<Record> {
    Arc::new(Record {
        room: room(),
        seq: Seq(seq),
        ord: Ordinal(seq),
        at_ms: Millis(0),
        actor: user("alice"),
        body,
    })
}

/// A message of a user at a position.
pub(in crate::hub) fn message(seq: u64) -> Arc<Record> {
    let message = Message {
        rev: Seq(seq),
        kind: MessageKind::Message,
        client_id: ClientId::new("c").unwrap(),
        text: "text".to_owned(),
        edited_ms: None,
        deleted: false,
        reply_to: None,
        mentions: Mentions::default(),
        reactions: Vec::new(),
        data: None,
        silent: false,
        keep_unread: false,
    };
    record(seq, RecordBody::Message(Box::new(message)))
}

fn mailbox(number: u64, name: &str, limit_bytes: usize) -> Arc<Mailbox> {
    let device = DeviceId::new("phone").unwrap();
    Arc::new(Mailbox::new(SessionId(number), user(name), device, ended(limit_bytes)))
}

/// A channel at seq 10 with one live session of bob.
fn channel() -> (RoomChannel, Arc<Mailbox>) {
    let channel = RoomChannel::new(room());
    channel.open(Seq(10));
    let bob = mailbox(1, "bob", 1 << 20);
    assert_eq!(channel.attach(&bob, Seq(11), 0), Attach::Live);
    (channel, bob)
}

fn offer(channel: &RoomChannel, record: &Arc<Record>) -> Offered {
    channel.offer(record, &mut Touched::default())
}

/// Seqs of what was delivered, in order.
fn delivered(mailbox: &Mailbox) -> Vec<u64> {
    let mut objects = Vec::new();
    mailbox.take_objects(usize::MAX, &mut objects);
    let seq = |object: &Bytes| {
        let value: serde_json::Value = serde_json::from_slice(object).unwrap();
        value["params"]["seq"].as_u64().unwrap()
    };
    objects.iter().map(seq).collect()
}

fn suspended(mailbox: &Mailbox) -> Vec<Suspended> {
    mailbox.take(OwnFacts::Leave).suspended
}

#[test]
fn records_are_delivered_once_and_in_order_however_they_come() {
    let (channel, bob) = channel();
    assert_eq!(offer(&channel, &message(12)), Offered::Gap);
    assert_eq!(offer(&channel, &message(14)), Offered::Nothing);
    assert_eq!(offer(&channel, &message(9)), Offered::Nothing);
    assert!(delivered(&bob).is_empty());
    offer(&channel, &message(11));
    offer(&channel, &message(11));
    assert_eq!(delivered(&bob), [11, 12]);
    offer(&channel, &message(13));
    assert_eq!(delivered(&bob), [13, 14]);
}

#[test]
fn a_gap_is_repaired_from_the_log_and_what_was_held_follows() {
    let (channel, bob) = channel();
    offer(&channel, &message(13));
    assert_eq!(channel.missing_after(), Some(Seq(10)));
    let missing = [message(11), message(12)].map(|record| (*record).clone());
    channel.repair(&missing, Seq(13));
    assert_eq!(delivered(&bob), [11, 12, 13]);
    assert_eq!(channel.missing_after(), None);
    assert_eq!(offer(&channel, &message(15)), Offered::Gap, "the next gap is somebody's to repair again");
}

#[test]
fn a_lost_last_record_is_expected_once_the_tail_names_it() {
    let (channel, bob) = channel();
    assert!(!channel.expect(Seq(10)));
    assert!(channel.expect(Seq(11)));
    assert!(!channel.expect(Seq(11)), "one repair at a time");
    channel.repair(&[(*message(11)).clone()], Seq(11));
    assert_eq!(delivered(&bob), [11]);
}

#[test]
fn a_repair_delivers_nothing_that_neither_the_bus_nor_the_tail_named() {
    let (channel, bob) = channel();
    assert!(channel.expect(Seq(11)));
    channel.repair(&[11, 12, 13].map(|seq| (*message(seq)).clone()), Seq(13));
    assert_eq!(delivered(&bob), [11]);
    assert_eq!((channel.last(), channel.missing_after()), (Some(Seq(11)), None));
    // Bob is removed from the channel: nothing in the log says so, but the own fact does.
    channel.suspend_user(&user("bob"), Seq(11));
    assert!(channel.expect(Seq(13)));
    channel.repair(&[12, 13].map(|seq| (*message(seq)).clone()), Seq(13));
    assert!(delivered(&bob).is_empty());
}

#[test]
fn a_deleted_message_is_not_at_hand_any_more() {
    let (channel, _) = channel();
    offer(&channel, &message(11));
    offer(&channel, &message(12));
    assert!(channel.recent(Seq(11), 1 << 20).is_some());
    offer(&channel, &record(13, RecordBody::Deleted { target: Seq(11) }));
    assert!(channel.recent(Seq(11), 1 << 20).is_none());
    let page = channel.recent(Seq(13), 1 << 20).unwrap();
    assert_eq!(page.records.iter().map(|record| record.seq).collect::<Vec<_>>(), [Seq(13)]);
}

#[test]
fn what_was_swept_before_it_was_delivered_sends_sessions_to_the_log() {
    let (channel, bob) = channel();
    channel.expect(Seq(20));
    channel.repair(&[(*message(20)).clone()], Seq(20));
    let expected = Suspended { room: room(), next: Seq(11), why: Suspension::Membership };
    assert_eq!(suspended(&bob), [expected]);
    assert_eq!(channel.last(), Some(Seq(20)));
}

#[test]
fn records_seen_before_the_head_is_known_are_not_lost() {
    let channel = RoomChannel::new(room());
    assert_eq!(offer(&channel, &message(11)), Offered::Nothing);
    channel.open(Seq(10));
    assert_eq!(channel.last(), Some(Seq(11)));
    let bob = mailbox(1, "bob", 1 << 20);
    assert_eq!(channel.attach(&bob, Seq(11), 0), Attach::Behind(Seq(11)));
    assert_eq!(channel.attach(&bob, Seq(12), 0), Attach::Live);
}

#[test]
fn a_session_ahead_of_the_bus_gets_nothing_twice() {
    let channel = RoomChannel::new(room());
    channel.open(Seq(10));
    let bob = mailbox(1, "bob", 1 << 20);
    assert_eq!(channel.attach(&bob, Seq(13), 0), Attach::Live);
    for seq in 11..=13 {
        offer(&channel, &message(seq));
    }
    assert_eq!(delivered(&bob), [13]);
}

#[test]
fn a_full_queue_takes_one_session_off_and_no_other() {
    let (channel, bob) = channel();
    let carol = mailbox(2, "carol", 10);
    assert_eq!(channel.attach(&carol, Seq(11), 0), Attach::Live);
    for seq in 11..=13 {
        offer(&channel, &message(seq));
    }
    assert_eq!(delivered(&bob), [11, 12, 13]);
    assert_eq!(delivered(&carol), [11]);
    let expected = Suspended { room: room(), next: Seq(12), why: Suspension::Lagging };
    assert_eq!(suspended(&carol), [expected]);
    assert_eq!(channel.attach(&carol, Seq(12), 0), Attach::Behind(Seq(13)));
}

#[test]
fn a_removed_member_gets_the_record_of_the_removal_and_nothing_after() {
    let (channel, bob) = channel();
    offer(&channel, &record(11, RecordBody::MemberRemoved { users: vec![user("bob")] }));
    offer(&channel, &message(12));
    assert_eq!(delivered(&bob), [11]);
    let expected = Suspended { room: room(), next: Seq(12), why: Suspension::Membership };
    assert_eq!(suspended(&bob), [expected]);
}

#[test]
fn an_old_removal_does_not_end_a_later_membership() {
    let channel = RoomChannel::new(room());
    channel.open(Seq(10));
    let bob = mailbox(1, "bob", 1 << 20);
    // Read from the log: removed at 11, back at 12. The bus is behind.
    assert_eq!(channel.attach(&bob, Seq(13), 0), Attach::Live);
    offer(&channel, &record(11, RecordBody::MemberRemoved { users: vec![user("bob")] }));
    channel.suspend_user(&user("bob"), Seq(11));
    offer(&channel, &record(12, RecordBody::MemberAdded { users: vec![user("bob")] }));
    offer(&channel, &message(13));
    assert_eq!(delivered(&bob), [13]);
    assert!(suspended(&bob).is_empty());
}

#[test]
fn who_may_have_been_removed_since_the_row_was_read_is_not_attached() {
    let channel = RoomChannel::new(room());
    channel.open(Seq(10));
    let bob = mailbox(1, "bob", 1 << 20);
    let before = bob.removals();
    bob.note_removal();
    assert_eq!(channel.attach(&bob, Seq(11), before), Attach::Recheck);
    assert_eq!(channel.attach_at_head(&bob, before, |_| Bytes::new()), None);
    assert_eq!(channel.attach(&bob, Seq(11), bob.removals()), Attach::Live);
}

#[test]
fn a_reset_comes_before_the_live_records_after_it() {
    let (channel, _) = channel();
    let carol = mailbox(2, "carol", 1 << 20);
    let reset = |head: Seq| Bytes::from(format!("{{\"params\":{{\"seq\":{head}}}}}"));
    assert_eq!(channel.attach_at_head(&carol, 0, reset), Some(Seq(10)));
    offer(&channel, &message(11));
    assert_eq!(delivered(&carol), [10, 11]);
}

#[test]
fn the_last_read_mark_of_each_user_is_kept() {
    let (channel, _) = channel();
    assert!(channel.note_receipt(&user("carol"), Seq(5)));
    assert!(!channel.note_receipt(&user("carol"), Seq(7)));
    assert!(!channel.note_receipt(&user("carol"), Seq(6)));
    assert!(!channel.note_receipt(&user("dave"), Seq(1)));
    assert_eq!(channel.take_receipts(), [(user("carol"), Seq(7)), (user("dave"), Seq(1))]);
    assert!(channel.take_receipts().is_empty());
}
