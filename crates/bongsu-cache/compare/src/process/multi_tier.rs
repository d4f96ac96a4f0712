//! multi-tier-cache: Moka in the process, Redis behind it, Redis Pub/Sub between the processes.

use std::sync::Arc;
use std::time::Duration;

use multi_tier_cache::{
    CacheManager, CacheStrategy, CacheTier, InvalidationConfig, L1Cache, L2Cache, MokaCacheConfig,
};
use serde::{Deserialize, Serialize};

use super::{CENTS, Failure, Process, STOCK, Tiers, verdict};
use crate::value::{Seen, Source, Value};

const STRATEGY: CacheStrategy = CacheStrategy::MediumTerm;

#[derive(Clone)]
pub(crate) struct MultiTier {
    manager: Arc<CacheManager>,
}

impl Process for MultiTier {
    const NAME: &'static str = "multi-tier-cache";

    async fn start(valkey: &str, tiers: Tiers) -> Result<Self, Failure> {
        let url = format!("redis://{valkey}");
        let shared = Arc::new(L2Cache::with_url(&url).await?);
        let manager = match tiers {
            Tiers::SharedOnly => {
                CacheManager::new_with_tiers(vec![CacheTier::new(shared, 2, false, 1, 1.0)], None)?
            }
            Tiers::Both => {
                let hour = Duration::from_secs(3600);
                let config =
                    MokaCacheConfig { max_capacity: 10_000_000, time_to_live: hour, time_to_idle: hour };
                let process = Arc::new(L1Cache::new(config)?);
                CacheManager::new_with_invalidation(process, shared, &url, InvalidationConfig::default())
                    .await?
            }
        };
        Ok(Self { manager: Arc::new(manager) })
    }

    async fn read(&self, id: u64, source: &Source) -> Result<Seen, Failure> {
        let source = source.clone();
        let load = move || async move { Ok(source.load(id).await) };
        let value: Value = self.manager.get_or_compute_typed(&key(id), STRATEGY, load).await?;
        Ok(value.seen())
    }

    async fn invalidate(&self, id: u64) -> Result<(), Failure> {
        Ok(self.manager.invalidate(&key(id)).await?)
    }

    async fn deploy(valkey: &str) -> String {
        match deploy(valkey).await {
            Ok(stock) => verdict(Ok(stock), STOCK),
            Err(error) => verdict(Err(error.to_string()), STOCK),
        }
    }

    async fn stop(self) {}
}

fn key(id: u64) -> String {
    format!("multi_tier:value:{id}")
}

#[derive(Serialize, Deserialize)]
struct OldProduct {
    id: u64,
    cents: u64,
}

#[derive(Serialize, Deserialize)]
struct NewProduct {
    id: u64,
    stock: u64,
}

async fn deploy(valkey: &str) -> Result<u64, Failure> {
    const KEY: &str = "multi_tier:product:1";
    let old = MultiTier::start(valkey, Tiers::Both).await?;
    let load = || async { Ok(OldProduct { id: 1, cents: CENTS }) };
    old.manager.get_or_compute_typed(KEY, STRATEGY, load).await?;
    let new = MultiTier::start(valkey, Tiers::Both).await?;
    let load = || async { Ok(NewProduct { id: 1, stock: STOCK }) };
    let read: NewProduct = new.manager.get_or_compute_typed(KEY, STRATEGY, load).await?;
    Ok(read.stock)
}
