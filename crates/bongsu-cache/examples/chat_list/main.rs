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
mod naive;
mod page;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use bongsu_testbed::{Engine, Postgres, Server};
use tokio::time::Instant;

use self::cached::Cached;
use self::database::Database;
use self::page::{Failure, Row};
use self::tally::Tally;

/// Rows of a page.
const ROWS: usize = 10;

/// How much of everything. Every user is in ten rooms of two, so that a page holds ten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) users: i64,
    pub(crate) rooms: i64,
    pub(crate) messages: i64,
    pub(crate) pages: usize,
}

/// The whole story: a market of 500 talks.
const WHOLE: Plan = Plan { users: 100, rooms: 500, messages: 75_000, pages: 2_000 };

/// What was measured of each way, in the same order.
pub(crate) struct Measured {
    pub(crate) ways: [Tally; 3],
    hits: cached::Hits,
    /// Pages that were not what a recount says.
    wrong: u64,
}

/// Reads pages of random users in all three ways, with messages sent and rooms read in between.
pub(crate) async fn run(plan: Plan, postgres: &str, valkey: &str) -> Result<Measured, Failure> {
    let database = Arc::new(Database::connect(postgres).await?);
    fill::fill(&database, plan).await?;
    // Those who write are another process than the one whose pages are measured.
    let reader = Cached::start(valkey, &database).await?;
    let writer = Cached::start(valkey, &database).await?;
    reader.forget_all().await;
    let mut measured = Measured { ways: Default::default(), hits: cached::Hits::default(), wrong: 0 };
    let mut chance = fill::Chance::new(7);
    for number in 0..plan.pages {
        let (room, side) = (chance.below(plan.rooms), chance.below(2));
        writer.send(room, side, &format!("message {number}")).await?;
        let user = chance.below(plan.users);
        let pages = [
            measured.ways[0].page(&database, naive::page(&database, user)).await?,
            measured.ways[1].page(&database, batched::page(&database, user)).await?,
            measured.ways[2].page(&database, reader.page(user, &mut measured.hits)).await?,
        ];
        let truth = recount(&database, user).await?;
        for page in &pages {
            if *page != truth {
                measured.wrong += 1;
                eprintln!("page {number} of user {user}:\n{page:#?}\nis not\n{truth:#?}");
            }
        }
        // Every third time the user opens the room on top.
        if number % 3 == 0 {
            let room = truth.first().ok_or("a page is empty")?.room;
            writer.read(room, user).await?;
        }
    }
    reader.stop().await;
    writer.stop().await;
    Ok(measured)
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

fn print(plan: Plan, measured: &Measured) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{} users, {} rooms, {} messages; {} pages of {ROWS} rooms each way, a message sent before each, and a room \
         read after every third\n",
        plan.users, plan.rooms, plan.messages, plan.pages
    );
    println!(
        "{:<20}{:>10}{:>10}{:>10}{:>12}{:>12}{:>12}{:>12}",
        "", "queries", "most", "fewest", "p50 ms", "p99 ms", "mean ms", "x faster"
    );
    let names = ["naive (1 + 5 x 10)", "batched", "batched + cached"];
    for (name, way) in names.iter().zip(&measured.ways) {
        let times_faster = ms(measured.ways[0].median()) / ms(way.median());
        println!(
            "{name:<20}{:>10.2}{:>10}{:>10}{:>12.3}{:>12.3}{:>12.3}{times_faster:>12.1}",
            way.queries_mean(),
            way.queries_most(),
            way.queries_fewest(),
            ms(way.median()),
            ms(way.quantile(0.99)),
            ms(way.mean()),
        );
    }
    println!("\nhit rates of the cache: {}", measured.hits);
    println!("pages that differ from a recount: {}", measured.wrong);
}

impl Measured {
    /// What has to hold whatever the machine.
    pub(crate) fn check(&self) -> Result<(), String> {
        let [naive, batched, cached] = &self.ways;
        if self.wrong > 0 {
            return Err(format!("{} pages were wrong", self.wrong));
        }
        if (naive.queries_fewest(), naive.queries_most()) != (51, 51) {
            return Err("a naive page is 51 queries".to_owned());
        }
        if batched.queries_most() > 4 || cached.queries_most() > 4 {
            return Err("a batched page is 4 queries at most".to_owned());
        }
        Ok(())
    }
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
    let measured = run(WHOLE, &postgres.create_database().await, &valkey).await?;
    print(WHOLE, &measured);
    println!("all of it took {:.1} s", begun.elapsed().as_secs_f64());
    drop(own);
    Ok(measured.check()?)
}
