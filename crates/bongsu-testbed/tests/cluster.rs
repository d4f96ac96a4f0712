//! A cluster: formed, broken in every way, and whole again, on both engines.

use bongsu_testbed::{Cluster, Engine, slot_of};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;

async fn client(cluster: &Cluster) -> ClusterConnection {
    let client = ClusterClient::new(cluster.seeds()).expect("the seeds are addresses");
    client.get_async_connection().await.expect("the cluster takes connections")
}

/// Writes through the primary of the key, and finds it again there.
async fn writes_work(cluster: &Cluster, key: &str) {
    let primary = cluster.node(cluster.primary_of_key(key).await);
    primary.query::<()>(&["SET", key, "hi"]).await.expect("a primary takes writes");
    let found: String = primary.query(&["GET", key]).await.expect("a primary answers reads");
    assert_eq!(found, "hi");
}

#[tokio::test]
async fn a_cluster_serves_every_shard() {
    for engine in Engine::installed() {
        let cluster = Cluster::start(engine).await;
        let mut client = client(&cluster).await;
        for shard in 0..3 {
            let key = Cluster::key_on(shard, "room");
            redis::cmd("SET").arg(&key).arg("hi").query_async::<()>(&mut client).await.unwrap();
            assert_eq!(cluster.primary_of_key(&key).await, shard);
            let server_slot: u16 = cluster.node(0).query(&["CLUSTER", "KEYSLOT", &key]).await.unwrap();
            assert_eq!(server_slot, slot_of(&key));
        }
        cluster.flush_all().await;
        for shard in 0..3 {
            assert_eq!(cluster.node(shard).query::<i64>(&["DBSIZE"]).await.unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn a_killed_primary_is_followed_by_its_replica_and_comes_back_as_one() {
    for engine in Engine::installed() {
        let cluster = Cluster::start(engine).await;
        let key = Cluster::key_on(1, "room");
        writes_work(&cluster, &key).await;
        let dead = cluster.kill_primary(1).await;
        assert_eq!(dead, 1);
        writes_work(&cluster, &key).await;
        assert_eq!(cluster.primary(1).await, 4);

        cluster.restart(dead).await;
        cluster.wait_ready().await;
        assert_eq!(cluster.primary(1).await, 4);
        let info: String = cluster.node(dead).query(&["INFO", "replication"]).await.unwrap();
        assert!(info.contains("role:slave"), "{info}");
    }
}

#[tokio::test]
async fn a_paused_primary_is_followed_by_its_replica_and_learns_it() {
    for engine in Engine::installed() {
        let cluster = Cluster::start(engine).await;
        let key = Cluster::key_on(0, "room");
        let paused = cluster.pause_primary(0).await;
        writes_work(&cluster, &key).await;
        cluster.resume(paused);
        cluster.wait_ready().await;
        assert_eq!(cluster.primary(0).await, 3);
    }
}

#[tokio::test]
async fn a_failover_on_demand_changes_the_roles_of_a_pair() {
    for engine in Engine::installed() {
        let cluster = Cluster::start(engine).await;
        let key = Cluster::key_on(2, "room");
        writes_work(&cluster, &key).await;
        assert_eq!(cluster.failover(2).await, 5);
        assert_eq!(cluster.primary_of_key(&key).await, 5);
        assert_eq!(cluster.node(5).query::<String>(&["GET", &key]).await.unwrap(), "hi");
        assert_eq!(cluster.failover(2).await, 2);
    }
}

#[tokio::test]
async fn migrated_slots_take_their_keys_along() {
    for engine in Engine::installed() {
        let cluster = Cluster::start(engine).await;
        let key = Cluster::key_on(0, "room");
        let slot = slot_of(&key);
        for number in 0..250 {
            cluster.node(0).query::<()>(&["SET", &format!("{key}{number}"), "hi"]).await.unwrap();
        }
        let first = slot.saturating_sub(5);
        cluster.migrate_slots(0, 1, first..=slot).await;
        assert_eq!(cluster.primary_of(first).await, 1);
        assert_eq!(cluster.primary_of_key(&key).await, 1);
        assert_eq!(cluster.node(0).query::<i64>(&["DBSIZE"]).await.unwrap(), 0);
        assert_eq!(cluster.node(1).query::<i64>(&["DBSIZE"]).await.unwrap(), 250);

        cluster.migrate_slots(1, 0, first..=slot).await;
        assert_eq!(cluster.node(0).query::<i64>(&["DBSIZE"]).await.unwrap(), 250);
    }
}
