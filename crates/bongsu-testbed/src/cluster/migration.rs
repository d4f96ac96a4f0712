//! Moves slots between shards while clients go on, in the way of each engine.

use std::ops::RangeInclusive;

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::server::Server;
use crate::wait::until;

/// Keys moved by one MIGRATE.
const KEYS_AT_ONCE: &str = "100";

/// Milliseconds that one MIGRATE may take.
const MIGRATE_TIMEOUT_MS: &str = "10000";

pub(super) async fn migrate(cluster: &Cluster, from: usize, to: usize, slots: RangeInclusive<u16>) {
    let (from, to) = (cluster.primary(from).await, cluster.primary(to).await);
    match cluster.node(from).engine() {
        Engine::Valkey => move_at_once(cluster, from, to, &slots).await,
        Engine::Redis => {
            for slot in slots.clone() {
                move_keys(cluster, from, to, slot).await;
            }
        }
    }
    until("all nodes to know the slots' new owner", || async {
        let topology = cluster.agreed().await?;
        slots.clone().all(|slot| topology.owner(slot) == Some(to)).then_some(())
    })
    .await;
}

/// Valkey moves whole slots behind the scenes and hands them over in one step.
async fn move_at_once(cluster: &Cluster, from: usize, to: usize, slots: &RangeInclusive<u16>) {
    let (first, last) = (slots.start().to_string(), slots.end().to_string());
    let source = cluster.node(from);
    source.command(&["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", &first, &last, "NODE", &cluster.ids[to]]).await;
    let state = until("the migration to end", || async { ended(source).await }).await;
    assert_eq!(state, "success", "slots {slots:?} did not move: {}", source.log());
}

/// The state of the latest migration, once it is over.
async fn ended(source: &Server) -> Option<String> {
    let migrations: Vec<redis::Value> = source.query(&["CLUSTER", "GETSLOTMIGRATIONS"]).await.ok()?;
    let latest: std::collections::HashMap<String, redis::Value> =
        redis::from_redis_value(migrations.into_iter().next()?).ok()?;
    let state: String = redis::from_redis_value(latest.get("state")?.clone()).ok()?;
    ["success", "failed", "cancelled"].contains(&state.as_str()).then_some(state)
}

/// Redis moves key by key; meanwhile clients that ask the old owner for a moved key hear ASK.
async fn move_keys(cluster: &Cluster, from: usize, to: usize, slot: u16) {
    let (source, target) = (cluster.node(from), cluster.node(to));
    let (slot, port) = (slot.to_string(), target.port().to_string());
    let setslot = ["CLUSTER", "SETSLOT", slot.as_str()];
    target.command(&[&setslot[..], &["IMPORTING", &cluster.ids[from]]].concat()).await;
    source.command(&[&setslot[..], &["MIGRATING", &cluster.ids[to]]].concat()).await;
    loop {
        let keys: Vec<String> = source
            .query(&["CLUSTER", "GETKEYSINSLOT", &slot, KEYS_AT_ONCE])
            .await
            .expect("a primary lists the keys of its slot");
        if keys.is_empty() {
            break;
        }
        let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", MIGRATE_TIMEOUT_MS, "KEYS"];
        migrate.extend(keys.iter().map(String::as_str));
        source.command(&migrate).await;
    }
    // The new owner first: it must not redirect clients back to the old one.
    for node in [target, source] {
        node.command(&[&setslot[..], &["NODE", &cluster.ids[to]]].concat()).await;
    }
}
