//! The batched way behind the cache. A warm page asks the database nothing.
//!
//! * Which rooms a user has, and what a room is about, hardly changes: entries of both tiers, read in the process.
//! * The head of a room (its last message) changes with every message. It is an entry of both tiers, written through by
//!   its version: the other processes hear of it and drop theirs, and those of a page that were dropped are one MGET.
//!   For as long as a word takes to them, they may show the head before.
//! * Unread counts are counters in Valkey, kept for 7 days: a message that is sent is added to the count of the other
//!   side if that is there, a room that is read drops the count, and the next page counts what is missing, all in one
//!   query. They have no process tier, so they are exact at once in every process: the ten of a page are read in one
//!   round trip.
//!
//! Heads and counts are asked for at the same time, so a page waits for Valkey once. All rooms of a user are
//! looked at to find those on top: ten here. For a user with thousands, that is work for an index in the source.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{
    Cache, CacheHub, CacheId, CacheSchema, Counter, CounterKey, CounterOptions, CounterUpdate, IdText,
    Invalidated, Loaded, Lookup, Version,
};
use serde::{Deserialize, Serialize};

use super::ROWS;
use super::database::Database;
use super::hits::Hits;
use super::page::{Failure, Row};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long Valkey may take. A service would rather ask the database after 50 ms, as is usual; here queries are counted,
/// and not how long the machine does something else.
const PATIENCE: Duration = Duration::from_secs(2);

/// The rooms of a user.
#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema)]
#[cache(model = "rooms_of", id = i64, ttl = "7d", l1_ttl = "1h")]
struct RoomsOf {
    rooms: Vec<Membership>,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema)]
struct Membership {
    room: i64,
    is_muted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = i64, ttl = "7d", l1_ttl = "1h")]
struct Room {
    product: String,
    buyer: i64,
    buyer_name: String,
    seller_name: String,
}

/// The last message of a room. Its id is its version: a later one is never replaced by an earlier one.
#[derive(Debug, Clone, Serialize, Deserialize, CacheSchema)]
#[cache(model = "head", id = i64, ttl = "7d", l1_ttl = "1h")]
struct Head {
    message: i64,
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
    rooms_of: Cache<RoomsOf>,
    rooms: Cache<Room>,
    heads: Cache<Head>,
    unread: Counter<Unread>,
    database: Arc<Database>,
}

impl Cached {
    pub(crate) async fn start(valkey: &str, database: &Arc<Database>) -> Result<Self, Failure> {
        let options = ValkeyOptions::new([valkey])
            .with_prefix("chat_list")
            .with_must_be_reachable(true)
            .with_answer_timeout(PATIENCE);
        let valkey = Valkey::connect(options).await?;
        let hub = CacheHub::builder("chat_list")
            .schema_notice(Duration::ZERO)
            .l2_budget(PATIENCE)
            .valkey(&valkey)
            .build()?;
        let (rooms_of, rooms, heads, unread) = (hub.cache()?, hub.cache()?, hub.cache()?, hub.counter()?);
        if !hub.settled(Duration::from_secs(15)).await {
            return Err("the backplane is not heard".into());
        }
        Ok(Self { hub, rooms_of, rooms, heads, unread, database: Arc::clone(database) })
    }

    pub(crate) async fn page(&self, user: i64, hits: &mut Hits) -> Result<Vec<Row>, Failure> {
        let rooms_of = self.rooms_of(user).await?;
        hits.add([&rooms_of]);
        let rooms_of = rooms_of.into_value().ok_or("a user is gone")?;
        let ids: Vec<i64> = rooms_of.rooms.iter().map(|member| member.room).collect();
        let (rooms, heads, (unread, counted)) =
            tokio::try_join!(self.rooms(&ids), self.heads(&ids), self.unread(user, &ids))?;
        hits.add(rooms.values());
        hits.add(heads.values());
        hits.add_counters(ids.len() as u64, counted);
        let mut rows = Vec::with_capacity(ids.len());
        for member in &rooms_of.rooms {
            let room = rooms.get(&member.room).cloned().and_then(Lookup::into_value);
            let head = heads.get(&member.room).cloned().and_then(Lookup::into_value);
            let (Some(room), Some(head)) = (room, head) else { return Err("a room is gone".into()) };
            let counterpart = if room.buyer == user { &room.seller_name } else { &room.buyer_name };
            let row = Row {
                room: member.room,
                is_muted: member.is_muted,
                product: room.product.clone(),
                counterpart: counterpart.clone(),
                last_message: head.text.clone(),
                unread: unread[&Unread { user, room: member.room }],
            };
            rows.push((head.message, row));
        }
        rows.sort_by_key(|(message, _)| std::cmp::Reverse(*message));
        Ok(rows.into_iter().map(|(_, row)| row).take(ROWS).collect())
    }

    async fn rooms_of(&self, user: i64) -> Result<Lookup<RoomsOf>, Failure> {
        let database = Arc::clone(&self.database);
        let load = move || async move {
            let rows = database.query(&database.statements.memberships, &[&user]).await?;
            let membership =
                |row: &tokio_postgres::Row| Membership { room: row.get(0), is_muted: row.get(1) };
            Ok::<_, tokio_postgres::Error>(RoomsOf { rooms: rows.iter().map(membership).collect() })
        };
        Ok(self.rooms_of.lookup_or_load(&user, load).await?)
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

    async fn heads(&self, rooms: &[i64]) -> Result<HashMap<i64, Lookup<Head>>, Failure> {
        let database = Arc::clone(&self.database);
        let load = move |rooms: Vec<i64>| {
            let database = Arc::clone(&database);
            async move {
                let rows = database.query(&database.statements.heads, &[&rooms]).await?;
                let head = |row: &tokio_postgres::Row| {
                    let head = Head { message: row.get(1), text: row.get(2) };
                    let version = Version(head.message.unsigned_abs());
                    Loaded::new(Some(head)).with_version(version)
                };
                Ok::<HashMap<i64, Loaded<Head>>, tokio_postgres::Error>(
                    rows.iter().map(|row| (row.get(0), head(row))).collect(),
                )
            }
        };
        Ok(self.heads.lookup_many_or_load(rooms, load).await?)
    }

    /// The counts, and how many of them had to be counted.
    async fn unread(&self, user: i64, rooms: &[i64]) -> Result<(HashMap<Unread, i64>, u64), Failure> {
        let database = Arc::clone(&self.database);
        let counted = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&counted);
        let count = move |missing: Vec<Unread>| {
            let (database, counting) = (Arc::clone(&database), Arc::clone(&counting));
            async move {
                counting.fetch_add(missing.len() as u64, Ordering::Relaxed);
                let rooms: Vec<i64> = missing.iter().map(|key| key.room).collect();
                let rows = database.query(&database.statements.unread_of, &[&user, &rooms]).await?;
                let count = |row: &tokio_postgres::Row| (Unread { user, room: row.get(0) }, row.get(1));
                Ok::<HashMap<Unread, i64>, tokio_postgres::Error>(rows.iter().map(count).collect())
            }
        };
        let keys: Vec<Unread> = rooms.iter().map(|room| Unread { user, room: *room }).collect();
        let values = self.unread.get_many_or_seed(&keys, count).await?;
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
        let commit = async {
            let sent = database.uncounted(&database.statements.send, &[&room, &sender, &text]).await?;
            let message: i64 = sent.first().ok_or("a message was not sent")?.get(0);
            let head = Head { message, text: text.to_owned() };
            Ok::<_, Failure>(((), Version(message.unsigned_abs()), Some(head)))
        };
        let written = self.heads.write_through(&room, commit).await?;
        confirmed(written.reached)?;
        match change.committed(1).await {
            CounterUpdate::QueuedForRetry { .. } => Err("a count may be wrong: Valkey did not answer".into()),
            _ => Ok(()),
        }
    }

    /// A member reads a room.
    pub(crate) async fn read(&self, room: i64, user: i64) -> Result<(), Failure> {
        self.database.uncounted(&self.database.statements.read, &[&room, &user]).await?;
        confirmed(self.unread.forget(&Unread { user, room }).await)
    }

    /// As if nobody had ever seen a page: of this run, or of another one, whose ids are those of another database.
    pub(crate) async fn forget_all(&self) -> Result<(), Failure> {
        confirmed(self.rooms_of.invalidate_all().await)?;
        confirmed(self.rooms.invalidate_all().await)?;
        confirmed(self.heads.invalidate_all().await)
    }

    /// The counts of a page.
    pub(crate) async fn forget_counts(&self, user: i64, page: &[Row]) -> Result<(), Failure> {
        for row in page {
            confirmed(self.unread.forget(&Unread { user, room: row.room }).await)?;
        }
        Ok(())
    }

    pub(crate) async fn stop(self) {
        self.hub.shutdown().await;
    }
}

fn confirmed(reached: Invalidated) -> Result<(), Failure> {
    match reached {
        Invalidated::QueuedForRetry { .. } => Err("Valkey did not confirm".into()),
        Invalidated::Everywhere | Invalidated::LocalAndL2 => Ok(()),
    }
}
