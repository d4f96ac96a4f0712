//! Many readers in four processes miss the same entry at the same moment: the source is asked once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bongsu_load::Fault;
use bongsu_load::bench::Outcome;
use tokio::task::JoinSet;

use super::server::ValkeyServer;
use super::{Value, process};

const PROCESSES: usize = 4;
const TIMES: u64 = 20;
/// What the source takes: long enough that all readers miss.
const SOURCE_TIME: Duration = Duration::from_millis(100);

pub(super) async fn measure(server: &ValkeyServer, readers: usize, outcome: &mut Outcome) -> Result<()> {
    let mut hubs = Vec::new();
    for _ in 0..PROCESSES {
        hubs.push(process(server, |builder| builder).await?);
    }
    let loads = Arc::new(AtomicU64::new(0));
    // Ids that no other part of the scenario reads, and that no earlier run has left.
    let reached = hubs[0].cache::<Value>()?.invalidate_all().await;
    ensure!(!matches!(reached, bongsu_cache::Invalidated::QueuedForRetry { .. }), "Valkey does not answer");
    for time in 0..TIMES {
        let id = u64::MAX - time;
        let mut misses = JoinSet::new();
        for reader in 0..readers {
            let cache = hubs[reader % PROCESSES].cache::<Value>()?;
            let loads = Arc::clone(&loads);
            let load = move || async move {
                loads.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(SOURCE_TIME).await;
                Ok::<_, Infallible>(Some(Value::of(id, 0)))
            };
            misses.spawn(async move { cache.get_or_load(&id, load).await });
        }
        while let Some(read) = misses.join_next().await {
            let value = read.context("a reader failed")??;
            ensure!(value.is_some_and(|value| value.id == id), "a reader got another entry");
        }
    }
    let loads = loads.load(Ordering::Relaxed);
    if loads != TIMES {
        outcome
            .report
            .fault(Fault::Duplicated, || format!("{TIMES} stampedes: {loads} loads, not one for each"));
    }
    let each = loads as f64 / TIMES as f64;
    let name = format!("stampede: loads for {readers} misses in {PROCESSES} processes");
    outcome.figures.push((name, each));
    for hub in hubs {
        hub.shutdown().await;
    }
    Ok(())
}
