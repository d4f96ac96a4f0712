//! The chat list, three ways over one PostgreSQL: a query for everything, a query for each kind of thing, and that
//! behind the cache. Every page is compared with a recount.
//!
//! cargo run --release -p bongsu-cache --features valkey --example chat_list
//!
//! `VALKEY_URL=redis://HOST:PORT` names a Valkey; without it one is started, as PostgreSQL always is.

mod batched;
mod cached;
mod database;
mod fill;
mod hits;
mod measured;
mod naive;
mod page;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use bongsu_testbed::{Engine, Postgres, Server};
use tokio::time::{Instant, timeout};

use self::cached::Cached;
use self::database::Database;
use self::hits::Hits;
use self::measured::{Measured, Phase};
use self::page::{Failure, Row, differ_in_heads_only};

/// Rows of a page.
pub(crate) const ROWS: usize = 10;
/// Within this time the reader hears of a message that was sent.
const HEARS_WITHIN: Duration = Duration::from_secs(5);

/// How much of everything. Every user is in ten rooms of two, so that a page holds ten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) users: i64,
    pub(crate) rooms: i64,
    pub(crate) messages: i64,
    /// Pages between which messages are sent.
    pub(crate) pages: usize,
    /// How often every user looks at the page while nothing is sent.
    pub(crate) rounds: usize,
}

/// The whole story: a market of 500 talks.
const WHOLE: Plan = Plan { users: 100, rooms: 500, messages: 75_000, pages: 2_000, rounds: 10 };

/// Those who read, and who write: two processes of the service.
struct Market {
    database: Arc<Database>,
    reader: Cached,
    writer: Cached,
}

/// The parts of the story: an empty cache, a market that goes on, a page that is looked at again between other work, and
/// one page after the other.
pub(crate) async fn run(plan: Plan, postgres: &str, valkey: &str) -> Result<Measured, Failure> {
    let database = Arc::new(Database::connect(postgres).await?);
    fill::fill(&database, plan).await?;
    let reader = Cached::start(valkey, &database).await?;
    let writer = Cached::start(valkey, &database).await?;
    let market = Market { database, reader, writer };
    let mut measured = Measured::default();
    market.cold(plan, &mut measured.cold).await?;
    market.live(plan, &mut measured.live).await?;
    market.warm(plan, &mut measured.warm).await?;
    market.in_a_row(plan, &mut measured.in_a_row).await?;
    market.reader.stop().await;
    market.writer.stop().await;
    Ok(measured)
}

impl Market {
    /// Every user once, and before each of them the cache is emptied of everything.
    async fn cold(&self, plan: Plan, phase: &mut Phase) -> Result<(), Failure> {
        for user in 0..plan.users {
            let page = recount(&self.database, user).await?;
            self.reader.forget_all().await?;
            self.reader.forget_counts(user, &page).await?;
            self.pages(user, phase).await?;
        }
        Ok(())
    }

    /// Pages of random users. Before each of them somebody sends a message, and after every third the user reads the
    /// room on top.
    async fn live(&self, plan: Plan, phase: &mut Phase) -> Result<(), Failure> {
        let mut chance = fill::Chance::new(7);
        for number in 0..plan.pages {
            let (room, side) = (chance.below(plan.rooms), chance.below(2));
            self.writer.send(room, side, &format!("message {number}")).await?;
            let user = chance.below(plan.users);
            let page = self.pages(user, phase).await?;
            if number % 3 == 0 {
                let room = page.first().ok_or("a page is empty")?.room;
                self.writer.read(room, user).await?;
            }
        }
        Ok(())
    }

    /// Every user again and again, after a first round that is not counted.
    async fn warm(&self, plan: Plan, phase: &mut Phase) -> Result<(), Failure> {
        for user in 0..plan.users {
            self.pages(user, &mut Phase::default()).await?;
        }
        for _ in 0..plan.rounds {
            for user in 0..plan.users {
                self.pages(user, phase).await?;
            }
        }
        Ok(())
    }

    /// The same while the service does nothing but one way, as it would: no server has slept since the page before.
    async fn in_a_row(&self, plan: Plan, phase: &mut Phase) -> Result<(), Failure> {
        let database = &self.database;
        let mut truths = Vec::new();
        for user in 0..plan.users {
            truths.push(recount(database, user).await?);
        }
        for way in 0..phase.ways.len() {
            for _ in 0..plan.rounds {
                for (user, truth) in (0..plan.users).zip(&truths) {
                    let tally = &mut phase.ways[way];
                    let page = match way {
                        0 => tally.page(database, naive::page(database, user)).await?,
                        1 => tally.page(database, batched::page(database, user)).await?,
                        _ => tally.page(database, self.reader.page(user, &mut phase.hits)).await?,
                    };
                    phase.compare(user, &page, truth);
                }
            }
        }
        Ok(())
    }

    /// The page of a user in all three ways, one after the other, and as it should be.
    async fn pages(&self, user: i64, phase: &mut Phase) -> Result<Vec<Row>, Failure> {
        let database = &self.database;
        let mut pages = [
            phase.ways[0].page(database, naive::page(database, user)).await?,
            phase.ways[1].page(database, batched::page(database, user)).await?,
            phase.ways[2].page(database, self.reader.page(user, &mut phase.hits)).await?,
        ];
        let truth = recount(database, user).await?;
        if differ_in_heads_only(&pages[2], &truth) {
            phase.behind += 1;
            pages[2] = self.once_heard(user, &truth).await?;
        }
        for page in &pages {
            phase.compare(user, page, &truth);
        }
        Ok(truth)
    }

    /// The page of the cache once it is as it should be, or as it is when that takes too long.
    async fn once_heard(&self, user: i64, truth: &[Row]) -> Result<Vec<Row>, Failure> {
        let right = async {
            loop {
                // Waits for Valkey, so what the reader is told meanwhile is heard.
                let page = self.reader.page(user, &mut Hits::default()).await?;
                if page == truth {
                    return Ok(page);
                }
            }
        };
        match timeout(HEARS_WITHIN, right).await {
            Ok(page) => page,
            Err(_) => self.reader.page(user, &mut Hits::default()).await,
        }
    }
}

/// The page, by one query that shares nothing with the three ways.
async fn recount(database: &Database, user: i64) -> Result<Vec<Row>, Failure> {
    let rows = database.uncounted(&database.statements.recount, &[&user]).await?;
    let rows = rows.iter().map(|row| Row {
        room: row.get(0),
        is_muted: row.get(1),
        product: row.get(2),
        counterpart: row.get(3),
        last_message: row.get(4),
        unread: row.get(5),
    });
    Ok(rows.collect())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let begun = Instant::now();
    let postgres = Postgres::start().await;
    let (own, valkey) = match std::env::var("VALKEY_URL") {
        Ok(url) => (None, url.trim_start_matches("redis://").trim_end_matches('/').to_owned()),
        Err(_) => {
            let server = Server::start(Engine::Valkey).await;
            let address = server.address();
            (Some(server), address)
        }
    };
    let Plan { users, rooms, messages, .. } = WHOLE;
    println!("{users} users, {rooms} rooms, {messages} messages; a page has {ROWS} rooms");
    let measured = run(WHOLE, &postgres.create_database().await, &valkey).await?;
    measured.print();
    println!("all of it took {:.1} s", begun.elapsed().as_secs_f64());
    drop(own);
    Ok(measured.check()?)
}
