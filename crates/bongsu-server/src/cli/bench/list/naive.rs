//! The chat list as a straightforward backend reads it, on the very store whose list is measured: 1 + 5N queries.
//!
//! It lives here and not in the server: nobody should find it there. Each query is one call of the store that other
//! use cases need too; the count of unread reads the log after the read mark, as without positions it must.

use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_load::Fault;
use bongsu_load::bench::list::{ListOptions, phase_name};
use bongsu_load::bench::{Histogram, Outcome, Phase};
use bongsu_service::{Actor, ListPage, ListRooms, Service};
use bongsu_store::{HistoryFrom, Store};
use bongsu_types::{OwnRow, RecordBody, RoomId, Seq, UserId};
use tokio::time::Instant;

use crate::assemble;
use crate::config::Config;
use crate::data_dir::DataDir;

/// Records and bytes of one read of the log.
const PAGE_RECORDS: usize = 200;
const PAGE_BYTES: usize = 128 * 1024;

/// The medians of one reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Medians {
    pub(super) rooms: usize,
    pub(super) list: Duration,
}

/// Measures both ways for every reader, in this process, and compares what they say.
pub(super) async fn compare(
    data: &DataDir,
    readers: &[(UserId, usize)],
    messages: u64,
    options: &ListOptions,
    outcome: &mut Outcome,
) -> Result<Vec<Medians>> {
    let node = assemble::node(&Config::load(None)?, data).await?;
    let store: &dyn Store = node.engine.as_ref();
    let mut medians = Vec::new();
    for (user, rooms) in readers {
        let asked = || served(&node.service, user, options);
        let (page, list) = repeat(options, asked).await?;
        let (rows, naive) = repeat(options, || naive(store, user)).await?;
        compare_unread(&page, &rows, outcome);
        let (fast, slow) = (list.latency.quantile(0.5), naive.latency.quantile(0.5));
        let named =
            |measured: Measured, how: &str, unit| measured.phase(phase_name(*rooms, messages, how), unit);
        outcome.phases.push(named(list, "server", "lists, server time: its use case, in process"));
        outcome.phases.push(named(naive, "naive", "lists in 1+5N queries, in process"));
        let ratio = slow.as_secs_f64() / fast.as_secs_f64();
        outcome
            .figures
            .push((format!("{rooms} rooms, {messages} messages: naive p50 / server time p50"), ratio));
        medians.push(Medians { rooms: *rooms, list: fast });
    }
    node.engine.shutdown().await.context("cannot close the store")?;
    Ok(medians)
}

/// How long something took, again and again.
struct Measured {
    elapsed: Duration,
    latency: Histogram,
}

impl Measured {
    fn phase(self, name: String, unit: &'static str) -> Phase {
        let Self { elapsed, latency } = self;
        let count = latency.count();
        Phase { name, unit, count, elapsed, latency, peer: "server", server: None, load: None }
    }
}

/// Does it for the time asked; returns what it gave last.
async fn repeat<T, F: Future<Output = Result<T>>>(
    options: &ListOptions,
    once: impl Fn() -> F,
) -> Result<(T, Measured)> {
    let warm = Instant::now();
    let mut last = once().await?;
    while warm.elapsed() < options.warm_up {
        last = once().await?;
    }
    let mut latency = Histogram::default();
    let begun = Instant::now();
    while begun.elapsed() < options.measured || latency.count() == 0 {
        let start = Instant::now();
        last = once().await?;
        latency.add(start.elapsed());
    }
    Ok((last, Measured { elapsed: begun.elapsed(), latency }))
}

/// The list as the server makes it.
async fn served(service: &Service, user: &UserId, options: &ListOptions) -> Result<ListPage> {
    let request = ListRooms { limit: Some(options.rows as usize), ..ListRooms::default() };
    Ok(service.list_rooms(&Actor::user(user.clone()), request).await?)
}

/// A row of the naive list: no more of it than what is compared and sorted by.
#[derive(Debug)]
struct NaiveRow {
    room: RoomId,
    unread: u64,
    last_ms: u64,
}

/// One query for the rooms of the user, then five for each.
async fn naive(store: &dyn Store, user: &UserId) -> Result<Vec<NaiveRow>> {
    let own_rows = store.own_rows(user).await?;
    let mut rows = Vec::with_capacity(own_rows.rows.len());
    for own in own_rows.rows {
        rows.push(naive_row(store, user, &own).await?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.last_ms));
    Ok(rows)
}

async fn naive_row(store: &dyn Store, user: &UserId, own: &OwnRow) -> Result<NaiveRow> {
    // 1: the room and the app's own data of it.
    let room = store.room(own.room).await?.context("a room of the list is gone")?;
    // 2: the last message.
    let last = store.history(user, room.id, HistoryFrom::Latest, 1).await?;
    let last = last.messages.last().context("a room without a message")?;
    // 3: the other user.
    std::hint::black_box(store.profiles(std::slice::from_ref(&last.record.actor)).await?);
    // 4: the user's settings of the room.
    std::hint::black_box(store.room_row(user, room.id).await?);
    // 5: the count of unread.
    let unread = count_unread(store, own).await?;
    Ok(NaiveRow { room: room.id, unread, last_ms: last.record.at_ms.get() })
}

/// Reads the log after the read mark to its end and counts.
async fn count_unread(store: &dyn Store, own: &OwnRow) -> Result<u64> {
    let mut after = own.read_seq.max(Seq(own.joined_seq.0.saturating_sub(1)));
    let mut unread = 0;
    loop {
        let page = store.records(own.room, after, PAGE_RECORDS, PAGE_BYTES).await?;
        for record in &page.records {
            if let RecordBody::Message(message) = &record.body {
                unread += u64::from(message.is_countable());
            }
            after = record.seq;
        }
        if page.records.is_empty() || after >= page.head_seq {
            return Ok(unread);
        }
    }
}

/// Both ways must say the same.
fn compare_unread(page: &ListPage, naive: &[NaiveRow], outcome: &mut Outcome) {
    let report = &mut outcome.report;
    report.unread_checked += 1 + page.rows.len() as u64;
    let recount: u64 = naive.iter().map(|row| row.unread).sum();
    if page.unread_total != recount {
        let example = || format!("the badge says {}, a recount {recount}", page.unread_total);
        report.fault(Fault::UnreadWrong, example);
    }
    for row in &page.rows {
        let room = row.own.room;
        let counted = naive.iter().find(|naive| naive.room == room).map_or(0, |naive| naive.unread);
        if row.unread != counted {
            let example = || format!("{room} has {} unread, a recount {counted}", row.unread);
            report.fault(Fault::UnreadWrong, example);
        }
    }
}
