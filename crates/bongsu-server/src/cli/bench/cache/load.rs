//! Readers of a cache, who choose entries by Zipf's law.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_cache::Cache;
use bongsu_load::bench::{Histogram, Phase};
use bongsu_load::{Fault, Report};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Value;

/// Ids in the order of reading, made before: choosing them is not what is measured.
const SEQUENCE: usize = 1 << 20;

/// Reads between two looks at the clock; then others run.
const READS_AT_ONCE: usize = 64;

/// What an entry takes beside its text, generously.
const ENTRY_BYTES: u64 = 256;

/// What is read, by whom, for how long.
#[derive(Debug, Clone)]
pub(super) struct Load {
    sequence: Arc<[u64]>,
    pub(super) keys: u64,
    pub(super) value_bytes: usize,
    readers: usize,
    warm_up: Duration,
    measured: Duration,
}

impl Load {
    pub(super) fn new(
        keys: u64,
        value_bytes: usize,
        readers: usize,
        warm_up: Duration,
        measured: Duration,
    ) -> Self {
        Self { sequence: zipf(keys), keys, value_bytes, readers, warm_up, measured }
    }

    /// Bytes of a process tier that holds all of it: three times what the entries take, because the table is cut into
    /// parts that do not fill evenly.
    pub(super) fn l1_bytes(&self) -> u64 {
        self.keys * 3 * (self.value_bytes as u64 + ENTRY_BYTES)
    }

    /// The same reads without a measurement, until what they read has been fetched; how many that was.
    pub(super) async fn warm_up(&self, cache: &Cache<Value>) -> Result<u64> {
        Ok(self.readers(cache, self.warm_up).await?.count)
    }

    /// Reads for the time of the load.
    pub(super) async fn measure(
        &self,
        name: &str,
        cache: &Cache<Value>,
        report: &mut Report,
    ) -> Result<Phase> {
        let begun = Instant::now();
        let Read { count, wrong, latency } = self.readers(cache, self.measured).await?;
        for _ in 0..wrong {
            report.fault(Fault::Altered, || format!("{name}: a read gave another entry"));
        }
        Ok(Phase {
            name: name.to_owned(),
            unit: "reads",
            count,
            elapsed: begun.elapsed(),
            latency,
            peer: "server",
            server: None,
            load: None,
        })
    }

    async fn readers(&self, cache: &Cache<Value>, time: Duration) -> Result<Read> {
        let until = Instant::now() + time;
        let mut readers = JoinSet::new();
        for reader in 0..self.readers {
            let (load, cache) = (self.clone(), cache.clone());
            readers.spawn(async move { load.reader(&cache, reader, until).await });
        }
        let mut all = Read::default();
        while let Some(read) = readers.join_next().await {
            let read = read.context("a reader failed")??;
            all.count += read.count;
            all.wrong += read.wrong;
            all.latency.merge(&read.latency);
        }
        Ok(all)
    }

    async fn reader(&self, cache: &Cache<Value>, reader: usize, until: Instant) -> Result<Read> {
        let mut read = Read::default();
        let bytes = self.value_bytes;
        let from = reader * (SEQUENCE / self.readers);
        let mut ids = self.sequence.iter().cycle().skip(from).copied();
        while Instant::now() < until {
            // One of them is timed: looking at the clock costs more than a hit in the process.
            let begun = Instant::now();
            for (number, id) in ids.by_ref().take(READS_AT_ONCE).enumerate() {
                let value = cache.get_or_load(&id, move || Value::load(id, bytes)).await?;
                if number == 0 {
                    read.latency.add(begun.elapsed());
                }
                read.wrong += u64::from(value.is_none_or(|value| value.id != id));
            }
            read.count += READS_AT_ONCE as u64;
            tokio::task::yield_now().await;
        }
        Ok(read)
    }
}

#[derive(Debug, Default)]
struct Read {
    count: u64,
    wrong: u64,
    latency: Histogram,
}

/// Ids in proportion to 1 / rank, the same in every run.
fn zipf(keys: u64) -> Arc<[u64]> {
    let mut sums = Vec::with_capacity(usize::try_from(keys).unwrap_or(0));
    let mut sum = 0.0;
    for rank in 1..=keys {
        sum += 1.0 / rank as f64;
        sums.push(sum);
    }
    let mut state = 7_u64;
    let mut draw = || {
        // SplitMix64 (Steele, Lea, Flood, 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let part = (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64;
        (sums.partition_point(|below| *below < part * sum) as u64).min(keys - 1)
    };
    (0..SEQUENCE).map(|_| draw()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_is_read_in_proportion_to_the_harmonic_sum() {
        let ids = zipf(1_000);
        let first = ids.iter().filter(|id| **id == 0).count() as f64 / ids.len() as f64;
        assert!((first - 1.0 / 7.485).abs() < 0.002, "{first}");
        assert!(ids.iter().all(|id| *id < 1_000));
    }
}
