//! hitbox: a function whose results are cached, in Moka composed with Redis. It has no way to tell other processes.

use std::time::Duration;

use hitbox::concurrency::BroadcastConcurrencyManager;
use hitbox::offload::OffloadManager;
use hitbox::policy::{ConcurrencyLimit, PolicyConfig};
use hitbox_backend::Backend;
use hitbox_backend::composition::policy::RefillPolicy;
use hitbox_backend::composition::{Compose, CompositionBackend, CompositionPolicy};
use hitbox_backend::format::BincodeFormat;
use hitbox_core::{CacheKey, KeyPart};
use hitbox_fn::{Cache, CacheableResponse, cached};
use hitbox_moka::MokaBackend;
use hitbox_redis::{ConnectionMode, RedisBackend};
use serde::{Deserialize, Serialize};

use super::{CENTS, Failure, Process, STOCK, Tiers, verdict};
use crate::value::{Seen, Source, Value};

#[cached(prefix = "value", skip(source))]
async fn value(source: Source, id: u64) -> Value {
    source.load(id).await
}

type BothTiers = CompositionBackend<MokaBackend<BincodeFormat>, RedisBackend, OffloadManager>;

#[derive(Clone)]
pub(crate) enum Hitbox {
    SharedOnly(Cache<RedisBackend, BroadcastConcurrencyManager<Value>>),
    Both(Cache<BothTiers, BroadcastConcurrencyManager<Value>>),
}

impl Process for Hitbox {
    const NAME: &'static str = "hitbox";

    async fn start(valkey: &str, tiers: Tiers) -> Result<Self, Failure> {
        let one_at_a_time = BroadcastConcurrencyManager::new;
        Ok(match tiers {
            Tiers::SharedOnly => Self::SharedOnly(
                Cache::builder()
                    .backend(shared(valkey)?)
                    .policy(policy())
                    .concurrency_manager(one_at_a_time())
                    .build(),
            ),
            Tiers::Both => Self::Both(
                Cache::builder()
                    .backend(both(valkey)?)
                    .policy(policy())
                    .concurrency_manager(one_at_a_time())
                    .build(),
            ),
        })
    }

    async fn read(&self, id: u64, source: &Source) -> Result<Seen, Failure> {
        let call = value(source.clone(), id);
        let value = match self {
            Self::SharedOnly(cache) => call.cache(cache).await,
            Self::Both(cache) => call.cache(cache).await,
        };
        Ok(value.seen())
    }

    async fn invalidate(&self, id: u64) -> Result<(), Failure> {
        // As the macro makes keys: the function, and each argument by its name.
        let parts = vec![KeyPart::new("fn", Some("value")), KeyPart::new("id", Some(id.to_string()))];
        let key = CacheKey::new("", 0, parts);
        let removed = match self {
            Self::SharedOnly(cache) => cache.backend().remove(&key).await,
            Self::Both(cache) => cache.backend().remove(&key).await,
        };
        match removed {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string().into()),
        }
    }

    async fn deploy(valkey: &str) -> String {
        match deploy(valkey).await {
            Ok(stock) => verdict(Ok(stock), STOCK),
            Err(error) => verdict(Err(error.to_string()), STOCK),
        }
    }

    async fn stop(self) {}
}

fn policy() -> PolicyConfig {
    let one = ConcurrencyLimit::MIN;
    PolicyConfig::builder().ttl(Duration::from_secs(3600)).concurrency(one).build()
}

fn shared(valkey: &str) -> Result<RedisBackend, Failure> {
    Ok(RedisBackend::builder().connection(ConnectionMode::single(format!("redis://{valkey}"))).build()?)
}

fn both(valkey: &str) -> Result<BothTiers, Failure> {
    let process = MokaBackend::builder().max_entries(10_000_000).value_format(BincodeFormat).build();
    let keeps_what_it_finds = CompositionPolicy::new().refill(RefillPolicy::Always);
    Ok(process.compose_with(shared(valkey)?, OffloadManager::with_defaults(), keeps_what_it_finds))
}

mod old {
    use super::{CENTS, CacheableResponse, Deserialize, Serialize, cached};

    #[derive(Clone, Serialize, Deserialize, CacheableResponse)]
    pub(super) struct Product {
        pub(super) id: u64,
        pub(super) cents: u64,
    }

    #[cached(prefix = "product")]
    pub(super) async fn product(id: u64) -> Product {
        Product { id, cents: CENTS }
    }
}

mod new {
    use super::{CacheableResponse, Deserialize, STOCK, Serialize, cached};

    #[derive(Clone, Serialize, Deserialize, CacheableResponse)]
    pub(super) struct Product {
        pub(super) id: u64,
        pub(super) stock: u64,
    }

    #[cached(prefix = "product")]
    pub(super) async fn product(id: u64) -> Product {
        Product { id, stock: STOCK }
    }
}

async fn deploy(valkey: &str) -> Result<u64, Failure> {
    let before = Cache::builder().backend(both(valkey)?).policy(policy()).build();
    old::product(1).cache(&before).await;
    let after = Cache::builder().backend(both(valkey)?).policy(policy()).build();
    Ok(new::product(1).cache(&after).await.stock)
}
