//! The batched way behind the cache. What must be exact at once in every process is not kept in a process: which rooms
//! and which last message a page has stays a query, unread counts are counters in Valkey. The rest is rooms, which
//! hardly change, and messages, which never do.
//!
//! A message that is sent is written through, and added to the unread count of the other side if that is there. A
//! room that is read drops the count; the next page counts what is missing, all in one query, and keeps it for 7 days.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{
    Cache, CacheHub, CacheId, CacheSchema, Counter, CounterKey, CounterOptions, CounterUpdate, IdText,
    Invalidated, Lookup, Tier, Version,
};
use serde::{Deserialize, Serialize};

use super::database::Database;
use super::page::{Failure, Row};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = i64, ttl = "7d", l1_ttl = "1h")]
struct Room {
    product: String,
    buyer: i64,
    buyer_name: String,
    seller_name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema)]
#[cache(model = "message", id = i64, ttl = "7d", l1_ttl = "1h")]
struct Message {
    text: String,
}

/// Names the unread count of a member of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Unread {
    user: i64,
    room: i64,
}

impl CacheId for Unread {
    fn write(&self, text: &mut IdText) {
        text.number(self.user);
        text.number(self.room);
    }
}

impl CounterKey for Unread {
    const MODEL: &'static str = "unread";
    const DEFAULTS: CounterOptions = CounterOptions::new().with_ttl(WEEK);
}

/// One process of the service.
pub(crate) struct Cached {
    hub: CacheHub,
    rooms: Cache<Room>,
    messages: Cache<Message>,
    unread: Counter<Unread>,
    database: Arc<Database>,
}

/// Who answered, and how often.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    l1: u64,
    l2: u64,
    source: u64,
    counters: u64,
    counted: u64,
}

impl Cached {
    pub(crate) async fn start(valkey: &str, database: &Arc<Database>) -> Result<Self, Failure> {
        let options = ValkeyOptions::new([valkey]).with_prefix("chat_list").with_must_be_reachable(true);
        let valkey = Valkey::connect(options).await?;
        let hub = CacheHub::builder("chat_list").schema_notice(Duration::ZERO).valkey(&valkey).build()?;
        let (rooms, messages, unread) = (hub.cache()?, hub.cache()?, hub.counter()?);
        if !hub.settled(Duration::from_secs(15)).await {
            return Err("the backplane is not heard".into());
        }
        Ok(Self { hub, rooms, messages, unread, database: Arc::clone(database) })
    }

    /// What another run left behind: its ids are those of another database.
    pub(crate) async fn forget_all(&self) {
        for reached in [self.rooms.invalidate_all().await, self.messages.invalidate_all().await] {
            assert!(!matches!(reached, Invalidated::QueuedForRetry { .. }), "Valkey confirms");
        }
    }

    pub(crate) async fn page(&self, user: i64, hits: &mut Hits) -> Result<Vec<Row>, Failure> {
        let members = self.database.query(&self.database.statements.rooms_of, &[&user]).await?;
        let ids: Vec<i64> = members.iter().map(|member| member.get(0)).collect();
        let last: Vec<i64> = members.iter().map(|member| member.get(2)).collect();
        let keys: Vec<Unread> = ids.iter().map(|room| Unread { user, room: *room }).collect();
        let (rooms, messages, unread) =
            tokio::try_join!(self.rooms(&ids), self.messages(&last), self.unread(&keys),)?;
        hits.add(rooms.values().map(tier_of).chain(messages.values().map(tier_of)));
        hits.counters += keys.len() as u64;
        hits.counted += unread.1;
        let mut page = Vec::with_capacity(members.len());
        for member in &members {
            let (id, last): (i64, i64) = (member.get(0), member.get(2));
            let room = rooms.get(&id).cloned().and_then(Lookup::into_value).ok_or("a room is gone")?;
            let message =
                messages.get(&last).cloned().and_then(Lookup::into_value).ok_or("a message is gone")?;
            let counterpart = if room.buyer == user { &room.seller_name } else { &room.buyer_name };
            page.push(Row {
                room: id,
                is_muted: member.get(1),
                product: room.product.clone(),
                counterpart: counterpart.clone(),
                last_message: message.text.clone(),
                unread: unread.0[&Unread { user, room: id }],
            });
        }
        Ok(page)
    }

    async fn rooms(&self, ids: &[i64]) -> Result<HashMap<i64, Lookup<Room>>, Failure> {
        let database = Arc::clone(&self.database);
        let load = move |ids: Vec<i64>| {
            let database = Arc::clone(&database);
            async move {
                let rows = database.query(&database.statements.rooms, &[&ids]).await?;
                let room = |row: &tokio_postgres::Row| Room {
                    product: row.get(1),
                    buyer: row.get(2),
                    buyer_name: row.get(3),
                    seller_name: row.get(4),
                };
                Ok::<HashMap<i64, Room>, tokio_postgres::Error>(
                    rows.iter().map(|row| (row.get(0), room(row))).collect(),
                )
            }
        };
        Ok(self.rooms.lookup_many_or_load(ids, load).await?)
    }

    async fn messages(&self, ids: &[i64]) -> Result<HashMap<i64, Lookup<Message>>, Failure> {
        let database = Arc::clone(&self.database);
        let load = move |ids: Vec<i64>| {
            let database = Arc::clone(&database);
            async move {
                let rows = database.query(&database.statements.messages, &[&ids]).await?;
                let message = |row: &tokio_postgres::Row| Message { text: row.get(1) };
                Ok::<HashMap<i64, Message>, tokio_postgres::Error>(
                    rows.iter().map(|row| (row.get(0), message(row))).collect(),
                )
            }
        };
        Ok(self.messages.lookup_many_or_load(ids, load).await?)
    }

    /// The counts, and how many of them had to be counted.
    async fn unread(&self, keys: &[Unread]) -> Result<(HashMap<Unread, i64>, u64), Failure> {
        let database = Arc::clone(&self.database);
        let counted = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&counted);
        let count = move |missing: Vec<Unread>| {
            let (database, counting) = (Arc::clone(&database), Arc::clone(&counting));
            async move {
                counting.fetch_add(missing.len() as u64, Ordering::Relaxed);
                // A page is of one user.
                let user = missing.first().map_or(0, |key| key.user);
                let rooms: Vec<i64> = missing.iter().map(|key| key.room).collect();
                let rows = database.query(&database.statements.unread_of, &[&user, &rooms]).await?;
                let count = |row: &tokio_postgres::Row| (Unread { user, room: row.get(0) }, row.get(1));
                Ok::<HashMap<Unread, i64>, tokio_postgres::Error>(rows.iter().map(count).collect())
            }
        };
        let values = self.unread.get_many_or_seed(keys, count).await?;
        Ok((values, counted.load(Ordering::Relaxed)))
    }

    /// One side of a room sends a message.
    pub(crate) async fn send(&self, room: i64, side: i64, text: &str) -> Result<(), Failure> {
        let database = &self.database;
        let people = database.uncounted(&database.statements.room, &[&room]).await?;
        let people = people.first().ok_or("a room is gone")?;
        let (buyer, seller): (i64, i64) = (people.get(1), people.get(2));
        let (sender, receiver) = if side == 0 { (buyer, seller) } else { (seller, buyer) };
        let change = self.unread.begin(&Unread { user: receiver, room }).await;
        let sent = database.uncounted(&database.statements.send, &[&room, &sender, &text]).await?;
        let id: i64 = sent.first().ok_or("a message was not sent")?.get(0);
        if let CounterUpdate::QueuedForRetry { .. } = change.committed(1).await {
            return Err("a count may be wrong: Valkey did not answer".into());
        }
        let message = Message { text: text.to_owned() };
        let commit = async { Ok::<_, std::convert::Infallible>(((), Version(1), Some(message))) };
        match self.messages.write_through(&id, commit).await?.reached {
            Invalidated::QueuedForRetry { .. } => Err("Valkey did not take a message".into()),
            Invalidated::Everywhere | Invalidated::LocalAndL2 => Ok(()),
        }
    }

    /// A member reads a room.
    pub(crate) async fn read(&self, room: i64, user: i64) -> Result<(), Failure> {
        self.database.uncounted(&self.database.statements.read, &[&room, &user]).await?;
        match self.unread.forget(&Unread { user, room }).await {
            Invalidated::QueuedForRetry { .. } => Err("a count was not dropped".into()),
            Invalidated::Everywhere | Invalidated::LocalAndL2 => Ok(()),
        }
    }

    pub(crate) async fn stop(self) {
        self.hub.shutdown().await;
    }
}

fn tier_of<T>(lookup: &Lookup<T>) -> Tier {
    match lookup {
        Lookup::Hit { tier, .. } | Lookup::Absent { tier, .. } => *tier,
        Lookup::Miss => Tier::Source,
    }
}

impl Hits {
    fn add(&mut self, tiers: impl Iterator<Item = Tier>) {
        for tier in tiers {
            match tier {
                Tier::L1 => self.l1 += 1,
                Tier::L2 => self.l2 += 1,
                Tier::Source => self.source += 1,
            }
        }
    }
}

impl fmt::Display for Hits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: u64, all: u64| 100.0 * part as f64 / all.max(1) as f64;
        let all = self.l1 + self.l2 + self.source;
        write!(
            out,
            "{:.1}% of rooms and messages ({:.1}% in the process, {:.1}% in Valkey), {:.1}% of unread counts",
            percent(self.l1 + self.l2, all),
            percent(self.l1, all),
            percent(self.l2, all),
            percent(self.counters - self.counted, self.counters)
        )
    }
}
