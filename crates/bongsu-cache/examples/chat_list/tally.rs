//! What the pages of one way cost.

use std::time::Duration;

use tokio::time::Instant;

use super::database::Database;
use super::page::{Failure, Row};

/// Queries and times, of every page.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    queries: Vec<u64>,
    times: Vec<Duration>,
}

impl Tally {
    /// Makes a page and counts what it cost.
    pub(crate) async fn page(
        &mut self,
        database: &Database,
        page: impl Future<Output = Result<Vec<Row>, Failure>>,
    ) -> Result<Vec<Row>, Failure> {
        let (queries, begun) = (database.queries(), Instant::now());
        let page = page.await?;
        self.times.push(begun.elapsed());
        self.queries.push(database.queries() - queries);
        Ok(page)
    }

    pub(crate) fn pages(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn queries_most(&self) -> u64 {
        self.queries.iter().copied().max().unwrap_or(0)
    }

    pub(crate) fn queries_fewest(&self) -> u64 {
        self.queries.iter().copied().min().unwrap_or(0)
    }

    pub(crate) fn queries_mean(&self) -> f64 {
        self.queries.iter().sum::<u64>() as f64 / self.queries.len().max(1) as f64
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    pub(crate) fn mean(&self) -> Duration {
        self.times.iter().sum::<Duration>() / u32::try_from(self.times.len().max(1)).unwrap_or(u32::MAX)
    }

    /// The time that this part of the pages stayed below.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = (times.len() as f64 * part) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}
