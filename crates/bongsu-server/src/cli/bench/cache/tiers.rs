//! The process tier alone, then the same reads over the shared tier only and over both.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_cache::{Cache, CacheHub};
use bongsu_load::bench::{Outcome, Usage};
use tokio::time::Instant;

use super::load::Load;
use super::server::{Traffic, ValkeyServer};
use super::{Value, process};

/// A process tier that holds all of it.
const L1_BYTES: u64 = 1 << 30;

/// Hits that are timed together.
const HITS: u64 = 2_000_000;

/// What a hit costs, and what an entry takes.
pub(super) async fn process_alone(load: &Load, outcome: &mut Outcome) -> Result<()> {
    let hub = CacheHub::builder("bongsu_bench")
        .l1_bytes(L1_BYTES)
        .l1_max_staleness_without_backplane(Duration::from_secs(600))
        .build()?;
    let cache = hub.cache::<Value>()?;
    let before = Usage::of(None).context("the size of this process is not known")?.rss_bytes;
    fill(&cache, load).await?;
    let after = Usage::of(None).context("the size of this process is not known")?.rss_bytes;
    let begun = Instant::now();
    for number in 0..HITS {
        let id = number.wrapping_mul(0x9e37_79b9) % load.keys;
        black_box(cache.get_or_load(&id, move || Value::load(id, 0)).await?);
    }
    let hit = begun.elapsed().as_secs_f64() * 1e9 / HITS as f64;
    outcome.figures.push(("process tier: ns for a hit, one thread".to_owned(), hit));
    let bytes = after.saturating_sub(before) as f64 / load.keys as f64;
    outcome.figures.push(("process tier: bytes of memory for an entry, its text included".to_owned(), bytes));
    hub.shutdown().await;
    Ok(())
}

/// The same load twice. An entry that has ended before it can be read makes every read one of the shared tier.
pub(super) async fn both_and_shared(server: &ValkeyServer, load: &Load, outcome: &mut Outcome) -> Result<()> {
    let hub = process(server, |builder| builder.l1_bytes(L1_BYTES)).await?;
    let both = hub.cache::<Value>()?;
    fill(&both, load).await?;
    let shared_only = both
        .options()
        .with_l1_ttl(Duration::from_nanos(1))
        .with_stale_if_error(Duration::ZERO)
        .with_xfetch_beta_milli(0);
    let shared = both.with(shared_only)?;

    // Of a process of its own, which has to fetch what it holds.
    let other = process(server, |builder| builder.l1_bytes(L1_BYTES)).await?;
    let shared_traffic = {
        let before = server.traffic().await?;
        outcome.phases.push(load.run("shared tier only", &shared, &mut outcome.report).await?);
        server.traffic().await?.since(&before)
    };
    let both_traffic = {
        let before = server.traffic().await?;
        outcome.phases.push(load.run("both tiers", &other.cache()?, &mut outcome.report).await?);
        server.traffic().await?.since(&before)
    };
    compare(outcome, &shared_traffic, &both_traffic);
    hub.shutdown().await;
    other.shutdown().await;
    Ok(())
}

fn compare(outcome: &mut Outcome, shared: &Traffic, both: &Traffic) {
    let [.., shared_phase, both_phase] = outcome.phases.as_slice() else { return };
    let ratio = both_phase.rate() / shared_phase.rate();
    // For each read that was measured; the traffic of the warm-up, which fetches everything once, is in it too.
    let commands = |traffic: &Traffic, reads: u64| traffic.commands as f64 / reads as f64;
    let bytes = |traffic: &Traffic, reads: u64| traffic.bytes as f64 / reads as f64;
    let less = |one: f64, other: f64| 100.0 * (1.0 - one / other);
    let (both_reads, shared_reads) = (both_phase.count, shared_phase.count);
    let fewer = less(commands(both, both_reads), commands(shared, shared_reads));
    let thinner = less(bytes(both, both_reads), bytes(shared, shared_reads));
    outcome.figures.extend([
        ("both tiers / shared tier only: reads a second".to_owned(), ratio),
        ("both tiers: fewer commands for a read, %".to_owned(), fewer),
        ("both tiers: fewer bytes for a read, %".to_owned(), thinner),
    ]);
}

async fn fill(cache: &Cache<Value>, load: &Load) -> Result<()> {
    let bytes = load.value_bytes;
    for from in (0..load.keys).step_by(1000) {
        let ids: Vec<u64> = (from..load.keys.min(from + 1000)).collect();
        cache
            .get_many_or_load(&ids, move |ids: Vec<u64>| async move {
                Ok::<_, std::convert::Infallible>(
                    ids.into_iter().map(|id| (id, Value::of(id, bytes))).collect(),
                )
            })
            .await?;
    }
    Ok(())
}
