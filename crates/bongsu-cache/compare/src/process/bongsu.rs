//! bongsu-cache.

use std::convert::Infallible;
use std::time::Duration;

use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{Cache, CacheHub, CacheSchema};
use serde::{Deserialize, Serialize};

use super::{CENTS, Failure, Process, STOCK, Tiers, verdict};
use crate::value::{Seen, Source, Value};

#[derive(Clone)]
pub(crate) struct Bongsu {
    hub: CacheHub,
    values: Cache<Value>,
}

impl Process for Bongsu {
    const NAME: &'static str = "bongsu-cache";

    async fn start(valkey: &str, tiers: Tiers) -> Result<Self, Failure> {
        let hub = hub(valkey).await?;
        let mut values = hub.cache::<Value>()?;
        if tiers == Tiers::SharedOnly {
            // An entry that has ended before it can be read again, and is no answer of last resort either.
            let none = values.options().with_l1_ttl(Duration::from_nanos(1));
            values = values.with(none.with_stale_if_error(Duration::ZERO).with_xfetch_beta_milli(0))?;
        }
        if !hub.settled(Duration::from_secs(15)).await {
            return Err("the backplane is not heard".into());
        }
        Ok(Self { hub, values })
    }

    async fn read(&self, id: u64, source: &Source) -> Result<Seen, Failure> {
        let source = source.clone();
        let load = move || async move { Ok::<_, Infallible>(source.load(id).await) };
        let value = self.values.get_or_load(&id, load).await?.ok_or("there is one")?;
        Ok(value.seen())
    }

    async fn invalidate(&self, id: u64) -> Result<(), Failure> {
        let reached = self.values.invalidate(&id).await;
        if matches!(reached, bongsu_cache::Invalidated::QueuedForRetry { .. }) {
            return Err("Valkey did not confirm".into());
        }
        Ok(())
    }

    async fn deploy(valkey: &str) -> String {
        match deploy(valkey).await {
            Ok(stock) => verdict(Ok(stock), STOCK),
            Err(error) => verdict(Err(error.to_string()), STOCK),
        }
    }

    async fn stop(self) {
        self.hub.shutdown().await;
    }
}

/// For how long a read waits for the shared tier before it passes it by. The others wait for as long as it takes, and a
/// process of a machine that others use too stands still for longer than the usual 50 ms now and then.
const L2_BUDGET: Duration = Duration::from_secs(1);

async fn hub(valkey: &str) -> Result<CacheHub, Failure> {
    let options = ValkeyOptions::new([valkey]).with_prefix("compare").with_must_be_reachable(true);
    let valkey = Valkey::connect(options).await?;
    // One version of each type at a time here, so nobody has to be told of it before.
    Ok(CacheHub::builder("compare")
        .l1_bytes(1 << 30)
        .l2_budget(L2_BUDGET)
        .schema_notice(Duration::ZERO)
        .valkey(&valkey)
        .build()?)
}

mod old {
    use super::{CacheSchema, Deserialize, Serialize};

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "product", id = u64)]
    pub(super) struct Product {
        pub(super) id: u64,
        pub(super) cents: u64,
    }
}

mod new {
    use super::{CacheSchema, Deserialize, Serialize};

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "product", id = u64)]
    pub(super) struct Product {
        pub(super) id: u64,
        pub(super) stock: u64,
    }
}

async fn deploy(valkey: &str) -> Result<u64, Failure> {
    let (before, after) = (hub(valkey).await?, hub(valkey).await?);
    let cache = before.cache::<old::Product>()?;
    before.settled(Duration::from_secs(15)).await;
    cache.get_or_load(&1, || async { Ok::<_, Infallible>(old::Product { id: 1, cents: CENTS }) }).await?;
    let cache = after.cache::<new::Product>()?;
    after.settled(Duration::from_secs(15)).await;
    let read =
        cache.get_or_load(&1, || async { Ok::<_, Infallible>(new::Product { id: 1, stock: STOCK }) }).await?;
    before.shutdown().await;
    after.shutdown().await;
    Ok(read.ok_or("there is one")?.stock)
}
