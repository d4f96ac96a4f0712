//! Many readers in four processes miss the same entry at the same moment: the source is asked once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bongsu_cache::{Cache, Invalidated, LeaseMode};
use bongsu_load::Fault;
use bongsu_load::bench::Outcome;
use tokio::task::JoinSet;

use super::server::ValkeyServer;
use super::{Value, process, valkey_options};

const PROCESSES: usize = 4;
const TIMES: u64 = 20;
/// What the source takes: long enough that all readers miss.
const SOURCE_TIME: Duration = Duration::from_millis(100);
/// How long these processes wait for Valkey and for each other: a service would wait for 50 ms and for 1 s, and then
/// ask the source itself. Here the lease is tested, and not whether this machine is quick.
const PATIENCE: Duration = Duration::from_secs(5);

/// Twice: entries that nobody has seen, and the same ones after all were dropped. Those are still there, and not
/// believed.
pub(super) async fn measure(server: &ValkeyServer, readers: usize, outcome: &mut Outcome) -> Result<()> {
    let (mut hubs, mut caches) = (Vec::new(), Vec::new());
    for _ in 0..PROCESSES {
        let options = valkey_options(server).with_answer_timeout(PATIENCE);
        let hub = process(options, |builder| builder.l2_budget(PATIENCE)).await?;
        let cache = hub.cache::<Value>()?;
        let lease = LeaseMode::CrossProcess { ttl: 2 * PATIENCE, wait: PATIENCE };
        caches.push(cache.with(cache.options().with_lease(lease).with_hard_timeout(2 * PATIENCE))?);
        hubs.push(hub);
    }
    for which in ["", ", of entries that were dropped"] {
        // The first time for what an earlier run has left.
        let reached = caches[0].invalidate_all().await;
        ensure!(!matches!(reached, Invalidated::QueuedForRetry { .. }), "Valkey does not answer");
        let loads = stampedes(&caches, readers).await?;
        if loads != TIMES {
            outcome.report.fault(Fault::Duplicated, || {
                format!("{TIMES} stampedes{which}: {loads} loads, not one for each")
            });
        }
        let name = format!("stampede: loads for {readers} misses in {PROCESSES} processes{which}");
        outcome.figures.push((name, loads as f64 / TIMES as f64));
    }
    for hub in hubs {
        hub.shutdown().await;
    }
    Ok(())
}

/// One after the other; how often the source was asked.
async fn stampedes(caches: &[Cache<Value>], readers: usize) -> Result<u64> {
    let loads = Arc::new(AtomicU64::new(0));
    for time in 0..TIMES {
        // Ids that no other part of the scenario reads.
        let id = u64::MAX - time;
        let mut misses = JoinSet::new();
        for reader in 0..readers {
            let cache = caches[reader % PROCESSES].clone();
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
    Ok(loads.load(Ordering::Relaxed))
}
