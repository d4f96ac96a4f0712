//! Which schemas of a model deletes must cover.

use super::tier::{LONG, SHORT, model};
use super::{Tier, until};
use crate::schema::SchemaHash;

const OLD: SchemaHash = SchemaHash::from_u64(1);
const NEW: SchemaHash = SchemaHash::from_u64(u64::MAX);

async fn live(tier: &Tier, model: &str) -> Vec<SchemaHash> {
    let mut live = tier.l2().live_schemas(model).await.unwrap();
    live.sort_by_key(|schema| schema.as_u64());
    live
}

pub async fn what_was_registered_is_live_in_every_process(tier: &Tier) {
    assert_eq!(live(tier, tier.model()).await, []);
    tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap();
    let another = tier.another_process().await;
    another.register_schema(tier.model(), NEW, LONG).await.unwrap();
    another.register_schema(tier.model(), NEW, LONG).await.unwrap();
    assert_eq!(live(tier, tier.model()).await, [OLD, NEW]);
}

pub async fn a_model_has_its_own_schemas(tier: &Tier) {
    let other = model();
    tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap();
    tier.l2().register_schema(other, NEW, LONG).await.unwrap();
    assert_eq!(live(tier, tier.model()).await, [OLD]);
    assert_eq!(live(tier, other).await, [NEW]);
}

pub async fn what_is_not_registered_again_is_forgotten(tier: &Tier) {
    tier.l2().register_schema(tier.model(), OLD, SHORT).await.unwrap();
    tier.l2().register_schema(tier.model(), NEW, LONG).await.unwrap();
    until("a schema to be forgotten", async || (live(tier, tier.model()).await == [NEW]).then_some(())).await;
}

pub async fn registering_again_counts_from_then(tier: &Tier) {
    tier.l2().register_schema(tier.model(), OLD, SHORT).await.unwrap();
    tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap();
    tier.l2().register_schema(tier.model(), NEW, SHORT).await.unwrap();
    until("the other schema to be forgotten", async || {
        (live(tier, tier.model()).await == [OLD]).then_some(())
    })
    .await;
}
