//! A shared tier whose leases protect nothing: what a cache without them would do.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bongsu_cache::contract::{
    Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Found, Key, L2, L2Error, Lease, Over, Put,
    Region, Registration, SchemaList, Token,
};
use bongsu_cache::schema::SchemaHash;
use bytes::Bytes;

/// Before `inner`: a fill whose lease is gone is stored all the same.
#[derive(Debug)]
pub(crate) struct Leaseless(pub(crate) Arc<dyn L2>);

#[async_trait]
impl L2 for Leaseless {
    async fn fill_many(
        &self,
        entries: &[(Key, Bytes, Duration)],
        token: Token,
    ) -> Vec<Result<Filled, L2Error>> {
        let mut filled = self.0.fill_many(entries, token).await;
        for ((key, bytes, ttl), answer) in entries.iter().zip(&mut filled) {
            if *answer == Ok(Filled::Superseded) {
                let stolen = Token(!token.0);
                if let Ok(Lease::Won(_)) = self.0.lease(key, stolen, *ttl, Over::Present).await {
                    *answer = self.0.fill_many(&[(key.clone(), bytes.clone(), *ttl)], stolen).await.remove(0);
                }
            }
        }
        filled
    }

    async fn get_many(&self, keys: &[Key]) -> Vec<Result<Found, L2Error>> {
        self.0.get_many(keys).await
    }

    async fn lease(&self, key: &Key, token: Token, ttl: Duration, over: Over) -> Result<Lease, L2Error> {
        self.0.lease(key, token, ttl, over).await
    }

    async fn lease_many(
        &self,
        keys: &[Key],
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Vec<Result<Lease, L2Error>> {
        self.0.lease_many(keys, token, ttl, over).await
    }

    async fn release(&self, key: &Key, token: Token) -> Result<(), L2Error> {
        self.0.release(key, token).await
    }

    async fn epoch(&self, key: &Key) -> Result<Epoch, L2Error> {
        self.0.epoch(key).await
    }

    async fn put_if_newer(
        &self,
        key: &Key,
        entry: Bytes,
        ttl: Duration,
        token: Token,
    ) -> Result<Put, L2Error> {
        self.0.put_if_newer(key, entry, ttl, token).await
    }

    async fn remove_many(&self, keys: &[Key]) -> Vec<Result<(), L2Error>> {
        self.0.remove_many(keys).await
    }

    async fn renew_generation(&self, model: &str, region: Region) -> Result<(), L2Error> {
        self.0.renew_generation(model, region).await
    }

    async fn register_schema(
        &self,
        model: &str,
        schema: SchemaHash,
        ttl: Duration,
    ) -> Result<Registration, L2Error> {
        self.0.register_schema(model, schema, ttl).await
    }

    async fn live_schemas(&self, model: &str) -> Result<SchemaList, L2Error> {
        self.0.live_schemas(model).await
    }

    async fn vouch_for_schemas(&self, model: &str, list: u64) -> Result<bool, L2Error> {
        self.0.vouch_for_schemas(model, list).await
    }

    async fn counter(&self, key: &Key) -> Result<Option<CounterValue>, L2Error> {
        self.0.counter(key).await
    }

    async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
        self.0.seed_counter(key, seed).await
    }

    async fn add_if_present(&self, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
        self.0.add_if_present(key, addition).await
    }
}
