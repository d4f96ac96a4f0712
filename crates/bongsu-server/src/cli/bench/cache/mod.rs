//! `bongsu bench cache`: what the two tiers of the cache are worth, over a real Valkey.

mod load;
mod server;
mod stampede;
mod tiers;
mod value;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{CacheHub, HubBuilder};
use bongsu_load::bench::Outcome;
use clap::Args;
use tokio::runtime::Runtime;

use self::load::Load;
use self::server::ValkeyServer;
use self::value::Value;
use super::scenario::{Telling, time};
use crate::telemetry::start_metrics;

/// What all keys of the scenario begin with.
const PREFIX: &str = "bongsu_bench";

#[derive(Debug, Args)]
#[command(
    about = "The two-tier cache: the process tier alone, both tiers against the shared one, a stampede",
    long_about = include_str!("../help/cache.txt")
)]
pub(super) struct Cache {
    /// A Valkey or Redis that runs already; its keys that begin with `bongsu_bench` are used. Default: one of its own.
    #[arg(long, value_name = "redis://HOST:PORT")]
    valkey: Option<String>,
    #[command(flatten)]
    telling: Telling,
    /// Seconds measured, for each phase.
    #[arg(long, value_name = "S", default_value_t = 4.0)]
    seconds: f64,
    /// Seconds before that, not measured: until what is read has been fetched.
    #[arg(long, value_name = "S", default_value_t = 4.0)]
    warm_up: f64,
    /// Entries; the n-th is read in proportion to 1 / n.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    keys: u64,
    /// Bytes of the text in an entry.
    #[arg(long, value_name = "N", default_value_t = 200)]
    value_bytes: usize,
    /// Readers at the same time.
    #[arg(long, value_name = "N", default_value_t = 64)]
    readers: usize,
    /// Readers that miss at the same time, in each stampede.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    stampede: usize,
}

impl Cache {
    pub(super) fn run(&self) -> Result<()> {
        // As in a service: what a hit costs includes counting it.
        start_metrics()?;
        let runtime = runtime()?;
        let bytes = runtime.block_on(tiers::bytes_of_an_entry(&self.load()?))?;
        self.telling.tell("cache", || self.measure(&runtime, bytes))
    }

    fn load(&self) -> Result<Load> {
        ensure!(
            self.keys > 0 && self.readers > 0 && self.stampede > 0,
            "nothing to read, or nobody to read it"
        );
        let (measured, warm_up) = (time("--seconds", self.seconds)?, time("--warm-up", self.warm_up)?);
        Ok(Load::new(self.keys, self.value_bytes, self.readers, warm_up, measured))
    }

    fn measure(&self, runtime: &Runtime, bytes: f64) -> Result<Outcome> {
        let load = self.load()?;
        runtime.block_on(async {
            let server = ValkeyServer::open(self.valkey.as_deref()).await?;
            let mut outcome = Outcome::default();
            tiers::process_alone(&load, &mut outcome).await?;
            let name = "process tier: bytes of memory for an entry, its text included";
            outcome.figures.push((name.to_owned(), bytes));
            tiers::both_and_shared(&server, &load, &mut outcome).await?;
            stampede::measure(&server, self.stampede, &mut outcome).await?;
            Ok(outcome)
        })
    }
}

/// As many threads as a service would have: the load is the cache here.
fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn valkey_options(server: &ValkeyServer) -> ValkeyOptions {
    ValkeyOptions::new([&server.address]).with_prefix(PREFIX).with_must_be_reachable(true)
}

/// A process of a service: its hub, ready for traffic.
async fn process(options: ValkeyOptions, change: impl FnOnce(HubBuilder) -> HubBuilder) -> Result<CacheHub> {
    let valkey = Valkey::connect(options).await?;
    // One version of the type, so nobody has to be told of it before.
    let builder = CacheHub::builder(PREFIX).schema_notice(Duration::ZERO).valkey(&valkey).model::<Value>();
    let hub = change(builder).build()?;
    let settled = hub.settled(Duration::from_secs(15)).await;
    settled.then_some(hub).context("the backplane is not heard")
}
