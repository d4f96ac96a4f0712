//! What the three ways cost, in each part of the story.

use std::time::Duration;

use super::hits::Hits;
use super::page::Row;
use super::tally::Tally;

/// Goal of a warm page: so many times faster than the naive one.
const TIMES_FASTER: f64 = 16.0;

const NAMES: [&str; 3] = ["naive (1 + 5 x 10)", "batched", "batched + cached"];

/// One part of the story.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    /// Naive, batched, cached.
    pub(crate) ways: [Tally; 3],
    pub(crate) hits: Hits,
    /// Pages of the cache with the head before, because the word of a new one was still on its way.
    pub(crate) behind: u64,
    /// Pages that were not what a recount says, those that were only behind not counted.
    pub(crate) wrong: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) cold: Phase,
    pub(crate) live: Phase,
    pub(crate) warm: Phase,
    pub(crate) in_a_row: Phase,
}

impl Measured {
    /// What has to hold whatever the machine.
    pub(crate) fn check(&self) -> Result<(), String> {
        for phase in [&self.cold, &self.live, &self.warm, &self.in_a_row] {
            phase.check()?;
        }
        for phase in [&self.warm, &self.in_a_row] {
            let [.., cached] = &phase.ways;
            if cached.queries_most() > 0 {
                return Err("a warm page asks the database nothing".to_owned());
            }
        }
        Ok(())
    }

    pub(crate) fn print(&self) {
        self.cold.print("the cache is emptied before each page");
        self.live.print("before each page somebody sends a message, after every third the user reads a room");
        self.warm.print("every user looks again, while nothing is sent, the three ways in turns");
        self.in_a_row.print("the same, all pages of one way in a row");
        let (in_turns, faster) = (self.warm.times_faster(2), self.in_a_row.times_faster(2));
        println!(
            "\na warm page is {faster:.1} times faster than a naive one in a row, {in_turns:.1} times in turns"
        );
        if faster < TIMES_FASTER {
            println!(
                "WARNING: that is less than {TIMES_FASTER}; is this a release build on a quiet machine?"
            );
        }
    }
}

impl Phase {
    /// Counts a page that is not what a recount says, and shows it.
    pub(crate) fn compare(&mut self, user: i64, page: &[Row], truth: &[Row]) {
        if page != truth {
            self.wrong += 1;
            eprintln!("a page of user {user}:\n{page:#?}\nis not\n{truth:#?}");
        }
    }

    fn check(&self) -> Result<(), String> {
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

    /// By the medians.
    fn times_faster(&self, way: usize) -> f64 {
        ms(self.ways[0].median()) / ms(self.ways[way].median())
    }

    fn print(&self, title: &str) {
        println!("\n{title}: {} pages each way", self.ways[0].pages());
        println!(
            "{:<20}{:>10}{:>8}{:>10}{:>12}{:>12}{:>12}{:>12}",
            "", "queries", "most", "fewest", "p50 ms", "p99 ms", "mean ms", "x faster"
        );
        for (place, (name, way)) in NAMES.iter().zip(&self.ways).enumerate() {
            println!(
                "{name:<20}{:>10.2}{:>8}{:>10}{:>12.3}{:>12.3}{:>12.3}{:>12.1}",
                way.queries_mean(),
                way.queries_most(),
                way.queries_fewest(),
                ms(way.median()),
                ms(way.quantile(0.99)),
                ms(way.mean()),
                self.times_faster(place),
            );
        }
        println!("hit rates: {}", self.hits);
        println!("pages behind by a moment: {}, that differ from a recount: {}", self.behind, self.wrong);
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
