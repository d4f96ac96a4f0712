//! The process tier alone, then the same reads over the shared tier only and over both.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_cache::{Cache, CacheHub};
use bongsu_load::Fault;
use bongsu_load::bench::{Outcome, Phase, Usage};
use tokio::time::Instant;

use super::load::Load;
use super::server::{Traffic, ValkeyServer};
use super::{Value, process, valkey_options};

/// Hits that are timed together.
const HITS: u64 = 2_000_000;

/// Entries that the processor's own caches can hold.
const HOT: u64 = 1_000;

/// What an entry takes. Only a process that is new can tell: later its memory has been used before.
pub(super) async fn bytes_of_an_entry(load: &Load) -> Result<f64> {
    let (hub, cache) = alone(load)?;
    let used = || Ok::<u64, anyhow::Error>(Usage::of(None).context("its size is not known")?.rss_bytes);
    let before = used()?;
    fill(&cache, load).await?;
    let bytes = used()?.saturating_sub(before);
    hub.shutdown().await;
    Ok(bytes as f64 / load.keys as f64)
}

/// What a hit costs.
pub(super) async fn process_alone(load: &Load, outcome: &mut Outcome) -> Result<()> {
    let (hub, cache) = alone(load)?;
    fill(&cache, load).await?;
    for (entries, which) in [(HOT.min(load.keys), "hot entries"), (load.keys, "entries at random")] {
        let begun = Instant::now();
        for number in 0..HITS {
            let id = number.wrapping_mul(0x9e37_79b9) % entries;
            let value = black_box(cache.get_or_load(&id, move || Value::load(id, 0)).await?);
            if value.is_none_or(|value| value.id != id) {
                outcome.report.fault(Fault::Altered, || "process tier: a hit gave another entry".to_owned());
            }
        }
        let hit = begun.elapsed().as_secs_f64() * 1e9 / HITS as f64;
        outcome.figures.push((format!("process tier: ns for a hit, {entries} {which}"), hit));
    }
    hub.shutdown().await;
    Ok(())
}

/// The same load twice, each in a process that begins with nothing. An entry that has ended before it can be read again
/// makes every read one of the shared tier.
pub(super) async fn both_and_shared(server: &ValkeyServer, load: &Load, outcome: &mut Outcome) -> Result<()> {
    let filler = process(valkey_options(server), |builder| builder.l1_bytes(load.l1_bytes())).await?;
    fill(&filler.cache()?, load).await?;
    filler.shutdown().await;

    let hub = process(valkey_options(server), |builder| builder.l1_bytes(load.l1_bytes())).await?;
    let shared = hub.cache::<Value>()?;
    let shared_only = shared
        .options()
        .with_l1_ttl(Duration::from_nanos(1))
        .with_stale_if_error(Duration::ZERO)
        .with_xfetch_beta_milli(0);
    let shared = Side::measure("shared tier only", server, load, &shared.with(shared_only)?, outcome).await?;
    hub.shutdown().await;
    if shared.commands < 1.0 {
        outcome.report.fault(Fault::Altered, || "shared tier only: not every read asked Valkey".to_owned());
    }

    let hub = process(valkey_options(server), |builder| builder.l1_bytes(load.l1_bytes())).await?;
    let both = Side::measure("both tiers", server, load, &hub.cache()?, outcome).await?;
    hub.shutdown().await;

    let less = |both: f64, shared: f64| 100.0 * (1.0 - both / shared);
    outcome.figures.extend([
        ("both tiers / shared tier only: reads a second".to_owned(), both.phase.rate() / shared.phase.rate()),
        ("shared tier only: commands for a read".to_owned(), shared.commands),
        ("both tiers: fewer commands for a read, %".to_owned(), less(both.commands, shared.commands)),
        ("both tiers: fewer bytes for a read, %".to_owned(), less(both.bytes, shared.bytes)),
        (
            "both tiers: fewer commands for a read, the warm-up included, %".to_owned(),
            less(both.commands_since_cold, shared.commands_since_cold),
        ),
    ]);
    outcome.phases.extend([shared.phase, both.phase]);
    Ok(())
}

/// One of the two loads.
struct Side {
    phase: Phase,
    /// That Valkey carried out for each read of the phase; heartbeats are among them.
    commands: f64,
    bytes: f64,
    /// The same, with what it took to fill the process tier.
    commands_since_cold: f64,
}

impl Side {
    async fn measure(
        name: &str,
        server: &ValkeyServer,
        load: &Load,
        cache: &Cache<Value>,
        outcome: &mut Outcome,
    ) -> Result<Self> {
        let cold = server.traffic().await?;
        let warming_up = load.warm_up(cache).await?;
        let warm = server.traffic().await?;
        let phase = load.measure(name, cache, &mut outcome.report).await?;
        let now = server.traffic().await?;
        let Traffic { commands, bytes } = now.since(&warm);
        let (reads, all_reads) = (phase.count as f64, (phase.count + warming_up) as f64);
        Ok(Self {
            phase,
            commands: commands as f64 / reads,
            bytes: bytes as f64 / reads,
            commands_since_cold: now.since(&cold).commands as f64 / all_reads,
        })
    }
}

/// A process without a shared tier.
fn alone(load: &Load) -> Result<(CacheHub, Cache<Value>)> {
    let hub = CacheHub::builder("bongsu_bench")
        .l1_bytes(load.l1_bytes())
        .l1_max_staleness_without_backplane(Duration::from_secs(600))
        .build()?;
    let cache = hub.cache()?;
    Ok((hub, cache))
}

async fn fill(cache: &Cache<Value>, load: &Load) -> Result<()> {
    let bytes = load.value_bytes;
    for from in (0..load.keys).step_by(1000) {
        let ids: Vec<u64> = (from..load.keys.min(from + 1000)).collect();
        let values = move |ids: Vec<u64>| async move {
            Ok::<_, Infallible>(ids.into_iter().map(|id| (id, Value::of(id, bytes))).collect())
        };
        cache.get_many_or_load(&ids, values).await?;
    }
    Ok(())
}
