//! What use cases cost, counted and not timed: the table in `docs/COSTS.md`, made by this test.
//!
//! `BONGSU_UPDATE_GOLDEN=1 cargo test -p bongsu-service --test costs` writes it anew. The figures are of the embedded
//! engine; they hold on any machine.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what failed")]

#[path = "costs/counters.rs"]
mod counters;
#[allow(dead_code, reason = "nothing is held here")]
#[path = "use_cases/counting.rs"]
mod counting;
#[path = "costs/node.rs"]
mod node;

use std::fmt::Write as _;

use bongsu_service::ListRooms;

use crate::counters::Counters;
use crate::node::{Node, actor};

#[tokio::test]
async fn costs_are_as_the_documentation_says() {
    let counters = Counters::install();
    let mut text = INTRODUCTION.to_owned();
    sends(&counters, &mut text).await;
    sends_at_once(&counters, &mut text).await;
    lists(&counters, &mut text).await;
    resumes(&counters, &mut text).await;

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/COSTS.md");
    if std::env::var_os("BONGSU_UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(text, written, "docs/COSTS.md is old: run this test with BONGSU_UPDATE_GOLDEN=1");
}

const INTRODUCTION: &str = "\
# What things cost

Counted, not timed, on the embedded store: these figures hold on any machine. A test compares this file with what it
counts; `BONGSU_UPDATE_GOLDEN=1 cargo test -p bongsu-service --test costs` writes it anew.

*Durable writes* are batches brought to the disk with one fdatasync each, before anybody is answered. *Rows* are those of
the engine: read by name, found or not, or met while walking a range.
";

/// One message, by the size of the room and its history.
async fn sends(counters: &Counters, text: &mut String) {
    text.push_str(
        "\n## A message\n\nOne commit with one row of the log, whoever is in the room and whatever was said before. \
         The rows written are the message, the head, the key, the sender's own row, the ref for the tail and the number \
         of the commit. Read is the key; the first time after a start also the own row and the head.\n\n\
         | members | messages before | commits | rows of the log | durable writes | rows written | rows read, first | \
         rows read, then |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (members, before) in [(2, 1), (2, 1_000), (100, 1), (100, 1_000), (1_000, 1)] {
        let mut node = Node::open();
        let room = node.room(members).await;
        node.say_many(room, before).await;
        node.reopen().await;
        let commit = node.last_commit().await;
        let start = counters.now();
        let first = node.say(room, "first").await;
        let cold = counters.since(&start);
        let start = counters.now();
        let second = node.say(room, "second").await;
        let warm = counters.since(&start);
        let commits = node.last_commit().await - commit - 1;
        let log_rows = second.seq.get() - first.seq.get();
        writeln!(
            text,
            "| {members} | {before} | {commits} | {log_rows} | {} | {} | {} | {} |",
            warm.durable_writes, warm.rows_written, cold.rows_read, warm.rows_read
        )
        .unwrap();
    }
}

/// Messages that wait together.
async fn sends_at_once(counters: &Counters, text: &mut String) {
    text.push_str(
        "\n## Messages that arrive together\n\nWhatever waits while a batch is decided becomes the next one.\n\n\
         | messages | commits | durable writes | rows written |\n| ---: | ---: | ---: | ---: |\n",
    );
    for messages in [1, 10, 100, 1_000] {
        let node = Node::open();
        let room = node.room(2).await;
        let commit = node.last_commit().await;
        let start = counters.now();
        node.say_at_once(room, messages).await;
        // The first one keeps the committer busy until all others wait: its share is taken off.
        let spent = counters.since(&start);
        let commits = node.last_commit().await - commit - 1;
        let (writes, rows) = (spent.durable_writes - 1, spent.rows_written - 6);
        writeln!(text, "| {messages} | {commits} | {writes} | {rows} |").unwrap();
    }
}

/// The chat list, by rooms and messages.
async fn lists(counters: &Counters, text: &mut String) {
    text.push_str(
        "\n## The first ten rows of a chat list\n\nOwn rows and heads of all rooms to sort and count, details of the \
         page: flat in messages. All of it stays in memory until it changes; first is after a start.\n\n\
         | rooms | messages in each | store calls, first | store calls, then | rows read, first | rows read, then | \
         durable writes |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (rooms, messages) in [(10, 1), (10, 100), (100, 1), (100, 10), (1_000, 1)] {
        let mut node = Node::open();
        for _ in 0..rooms {
            let room = node.room(2).await;
            node.say_many(room, messages).await;
        }
        node.reopen().await;
        let mut calls = Vec::new();
        let mut rows = Vec::new();
        let mut writes = 0;
        for _ in 0..2 {
            let start = counters.now();
            node.calls.take();
            let request = ListRooms { limit: Some(10), ..ListRooms::default() };
            assert_eq!(node.service.list_rooms(&actor(), request).await.unwrap().rows.len(), 10);
            calls.push(node.calls.take().len());
            let spent = counters.since(&start);
            rows.push(spent.rows_read);
            writes += spent.durable_writes;
        }
        writeln!(
            text,
            "| {rooms} | {messages} | {} | {} | {} | {} | {writes} |",
            calls[0], calls[1], rows[0], rows[1]
        )
        .unwrap();
    }
}

/// A device that comes back.
async fn resumes(counters: &Counters, text: &mut String) {
    text.push_str(
        "\n## A device that comes back\n\nOne request of the client, `hello`, with the first ten rows of the list; the \
         missed messages follow by themselves, one read of the log for each room that has some. First is after a start, \
         then a second time.\n\n\
         | rooms | messages missed | round trips | store calls of hello | rows read, first | rows read, then | \
         durable writes |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (rooms, missed) in [(10, 0), (10, 200), (100, 200), (1_000, 200)] {
        let mut node = Node::open();
        let mut all = Vec::new();
        for _ in 0..rooms {
            let room = node.room(2).await;
            // Every row of the page has a last message, whichever rooms come first.
            node.say(room, "before").await;
            all.push(room);
        }
        let opened = node.hello(None).await;
        for (number, room) in (0..missed).zip(all.iter().cycle()) {
            node.say(*room, &format!("missed {number}")).await;
        }
        node.reopen().await;
        node.calls.take();
        let start = counters.now();
        let resumed = node.hello(Some(&opened)).await;
        assert!(resumed.opened.resumed);
        let (calls, first) = (node.calls.take().len(), counters.since(&start));
        let start = counters.now();
        assert!(node.hello(Some(&opened)).await.opened.resumed);
        let (rows, then, writes) = (first.rows_read, counters.since(&start).rows_read, first.durable_writes);
        writeln!(text, "| {rooms} | {missed} | 1 | {calls} | {rows} | {then} | {writes} |").unwrap();
    }
}
