//! The checker catches each lie it is there to catch.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use bongsu_load::checker::recount_unread;
use bongsu_load::{Checker, SendKey};
use bongsu_types::{ClientId, Mentions, MessageKind, Millis, Ordinal, Outcome, RoomId, Seq, UserId};
use bongsu_wire::{MessageObject, SendResult};

const ROOM: RoomId = RoomId::from_bytes([1; 16]);

fn key(client_id: &str) -> SendKey {
    SendKey {
        room: ROOM,
        sender: UserId::new("alice").unwrap(),
        client_id: ClientId::new(client_id).unwrap(),
    }
}

fn message(client_id: &str, text: &str, seq: u64, ord: u64) -> MessageObject {
    MessageObject {
        seq: Seq(seq),
        ord: Ordinal(ord),
        rev: Seq(seq),
        kind: MessageKind::Message,
        sender: UserId::new("alice").unwrap(),
        client_id: ClientId::new(client_id).unwrap(),
        at_ms: Millis(1),
        edited_ms: None,
        deleted: false,
        text: text.to_owned(),
        reply_to: None,
        mentions: Mentions::default(),
        reactions: Vec::new(),
        data: None,
        silent: false,
        keep_unread: false,
    }
}

fn reply(seq: u64, ord: u64) -> SendResult {
    SendResult { seq: Seq(seq), ord: Ordinal(ord), at_ms: Millis(1), duplicate: false }
}

/// Two messages sent and replied to, at 2 and 3.
fn two_replied() -> Checker {
    let mut checker = Checker::default();
    for (client_id, text, seq) in [("a", "one", 2), ("b", "two", 3)] {
        checker.sending(key(client_id), text);
        checker.replied(&key(client_id), &reply(seq, seq - 1));
    }
    checker
}

#[test]
fn what_was_replied_and_is_there_is_clean() {
    let mut checker = two_replied();
    checker.log(ROOM, &[message("a", "one", 2, 1), message("b", "two", 3, 2)]);
    let report = checker.report();
    report.assert_clean();
    assert_eq!((report.sent, report.acked), (2, 2));
}

#[test]
fn a_replied_message_that_is_gone_is_lost() {
    let mut checker = two_replied();
    checker.log(ROOM, &[message("a", "one", 2, 1)]);
    assert_eq!(checker.report().lost, 1);
}

#[test]
fn one_key_at_two_positions_is_duplicated() {
    let mut checker = two_replied();
    checker.log(ROOM, &[message("a", "one", 2, 1), message("b", "two", 3, 2), message("b", "two", 4, 3)]);
    assert_eq!(checker.report().duplicated, 1);
}

#[test]
fn an_ord_that_skips_means_a_message_in_the_middle_is_lost() {
    let mut checker = two_replied();
    checker.log(ROOM, &[message("a", "one", 2, 1), message("b", "two", 3, 3)]);
    assert_eq!(checker.report().lost, 1);
}

#[test]
fn another_text_or_place_is_altered_and_disorder_is_seen() {
    let mut checker = two_replied();
    checker.log(ROOM, &[message("b", "two", 3, 1), message("a", "ONE", 2, 2)]);
    let report = checker.report();
    assert_eq!((report.altered, report.reordered), (1, 1));
}

#[test]
fn a_send_of_unknown_outcome_may_be_there_or_not_and_is_to_be_repeated() {
    let mut checker = two_replied();
    checker.sending(key("c"), "three");
    checker.failed(&key("c"), Outcome::Unknown);
    assert_eq!(checker.open_sends(), [(key("c"), "three".to_owned())]);
    checker.log(ROOM, &[message("a", "one", 2, 1), message("b", "two", 3, 2), message("c", "three", 4, 3)]);
    checker.report().assert_clean();
}

#[test]
fn a_refused_send_must_not_be_there() {
    let mut checker = Checker::default();
    checker.sending(key("c"), "three");
    checker.failed(&key("c"), Outcome::NotApplied);
    checker.log(ROOM, &[message("c", "three", 2, 1)]);
    assert_eq!(checker.report().altered, 1);
}

#[test]
fn a_recount_leaves_out_silent_and_system_messages_and_keeps_tombstones() {
    let row = r#"{"room":"01010101-0101-0101-0101-010101010101","kind":"group","head_seq":6,"head_ord":4,
        "read_seq":2,"read_ord":1,"joined_seq":1,"floor_seq":0,"unread":2,"marked_unread":false,"mentions":0,
        "role":"member","request":false,"settings":{"pinned":false,"muted_until_ms":0,"hidden":false},
        "active_ms":1,"user_rev":1}"#;
    let row = serde_json::from_str(row).unwrap();
    let silent = MessageObject { silent: true, ..message("c", "", 4, 2) };
    let system = MessageObject { kind: MessageKind::System, ..message("d", "", 5, 2) };
    let deleted = MessageObject { deleted: true, ..message("e", "", 6, 3) };
    let read = message("a", "", 2, 1);
    assert_eq!(recount_unread(&row, &[read, message("b", "", 3, 2), silent, system, deleted]), 2);
}
