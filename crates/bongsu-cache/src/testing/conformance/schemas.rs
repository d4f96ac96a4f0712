//! Which schemas of a model deletes must cover.

use super::tier::{LONG, SHORT, model};
use super::{Tier, until};
use crate::contract::{Key, SchemaList};
use crate::schema::SchemaHash;

const OLD: SchemaHash = SchemaHash::from_u64(1);
const NEW: SchemaHash = SchemaHash::from_u64(u64::MAX);

async fn list(tier: &Tier, model: &str) -> SchemaList {
    tier.l2().live_schemas(model).await.unwrap()
}

async fn live(tier: &Tier, model: &str) -> Vec<SchemaHash> {
    let list = list(tier, model).await;
    assert!(list.schemas.iter().all(|(_, left)| !left.is_zero() && *left <= LONG), "{list:?}");
    let mut live: Vec<_> = list.schemas.into_iter().map(|(schema, _)| schema).collect();
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

pub async fn a_registration_says_whether_it_was_listed(tier: &Tier) {
    let first = tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap();
    assert!(!first.was_listed);
    assert_eq!(first.list.schemas.iter().map(|(schema, _)| *schema).collect::<Vec<_>>(), [OLD]);
    assert!(tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap().was_listed);
    assert!(!tier.l2().register_schema(tier.model(), NEW, LONG).await.unwrap().was_listed);
}

pub async fn a_list_keeps_its_id_and_somebody_vouches_for_it(tier: &Tier) {
    assert_eq!(list(tier, tier.model()).await, SchemaList::default());
    let first = tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap().list;
    assert!(first.id.is_some() && !first.is_vouched_for);
    let id = first.id.unwrap();
    assert!(!tier.l2().vouch_for_schemas(tier.model(), id ^ 1).await.unwrap(), "another list");
    assert!(!list(tier, tier.model()).await.is_vouched_for);
    assert!(tier.l2().vouch_for_schemas(tier.model(), id).await.unwrap());
    let another = tier.another_process().await;
    let second = another.register_schema(tier.model(), NEW, LONG).await.unwrap().list;
    assert_eq!((second.id, second.is_vouched_for), (Some(id), true));
    let read = list(tier, tier.model()).await;
    assert_eq!((read.id, read.is_vouched_for), (Some(id), true));
}

/// The list of a model, vouched for, and a key whose server has it.
async fn vouched_for(tier: &Tier) -> (u64, Key) {
    let id = tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap().list.id.unwrap();
    assert!(tier.l2().vouch_for_schemas(tier.model(), id).await.unwrap());
    (id, tier.key_beside_schemas())
}

pub async fn a_list_that_was_forgotten_is_another_one(tier: &Tier) {
    let (id, key) = vouched_for(tier).await;
    tier.servers().flush(&key).await;
    assert_eq!(list(tier, tier.model()).await, SchemaList::default());
    let again = tier.l2().register_schema(tier.model(), OLD, LONG).await.unwrap();
    assert!(!again.was_listed && !again.list.is_vouched_for);
    assert_ne!(again.list.id, Some(id));
    assert!(!tier.l2().vouch_for_schemas(tier.model(), id).await.unwrap());
}

pub async fn a_list_of_another_run_is_another_one(tier: &Tier) {
    let (id, key) = vouched_for(tier).await;
    tier.servers().restart(&key).await;
    let list = until("the server to answer", async || tier.l2().live_schemas(tier.model()).await.ok()).await;
    assert_eq!((list.id, list.is_vouched_for), (None, false), "it may lack its last schemas");
    let again = tier.l2().register_schema(tier.model(), NEW, LONG).await.unwrap().list;
    assert!(again.id.is_some_and(|again| again != id) && !again.is_vouched_for);
}
