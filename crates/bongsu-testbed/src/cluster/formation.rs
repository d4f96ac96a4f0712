//! How six servers become a cluster: the steps that the engines' command line tools take, sent by hand.

use futures_util::future::join_all;

use crate::cluster::{Cluster, SHARDS};
use crate::engine::Engine;
use crate::server::{Bus, Server};
use crate::wait::until;

/// Settings of each node; those of the caller come after them and win.
const SETTINGS: [(&str, &str); 6] = [
    // How long a node is silent before it counts as failed. Its replica stands 0.5 to 1 s later.
    ("cluster-node-timeout", "2000"),
    // The other shards go on when one is down.
    ("cluster-require-full-coverage", "no"),
    // A replica may stand however old its data is.
    ("cluster-replica-validity-factor", "0"),
    // A replica stays with its shard when another shard has none.
    ("cluster-allow-replica-migration", "no"),
    // A killed node finds its data again: what was written survives the process, synced or not.
    ("appendonly", "yes"),
    ("appendfsync", "no"),
];

pub(super) async fn form(engine: Engine, settings: &[(&str, &str)]) -> Cluster {
    let mut all = SETTINGS.to_vec();
    all.extend(settings);
    let nodes = join_all((0..2 * SHARDS).map(|_| Server::start_node(engine, &all, Bus::Cluster))).await;
    let ids = join_all(nodes.iter().map(id)).await;
    let cluster = Cluster { nodes, ids };
    give_slots(&cluster).await;
    introduce(&cluster).await;
    assign_replicas(&cluster).await;
    cluster.wait_ready().await;
    cluster
}

async fn id(node: &Server) -> String {
    node.query(&["CLUSTER", "MYID"]).await.expect("a node of a cluster knows its id")
}

async fn give_slots(cluster: &Cluster) {
    for shard in 0..SHARDS {
        let slots = Cluster::home_slots(shard);
        let (first, last) = (slots.start().to_string(), slots.end().to_string());
        let node = cluster.node(shard);
        node.command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await;
        // Nodes of the same age settle whose claim is newer by this number: give each its own.
        node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(shard + 1).to_string()]).await;
    }
}

/// The first node meets all others; these hear of each other from it.
async fn introduce(cluster: &Cluster) {
    let (first, others) = cluster.nodes.split_first().expect("a cluster has nodes");
    for other in others {
        let bus_port = other.bus_port().expect("a node of a cluster has a bus").to_string();
        first.command(&["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string(), &bus_port]).await;
    }
}

async fn assign_replicas(cluster: &Cluster) {
    for shard in 0..SHARDS {
        let (primary, replica) = (&cluster.ids[shard], cluster.node(shard + SHARDS));
        // Refused until the replica has heard of its primary.
        until("a replica to hear of its primary", || async {
            replica.query::<()>(&["CLUSTER", "REPLICATE", primary]).await.ok()
        })
        .await;
    }
}
