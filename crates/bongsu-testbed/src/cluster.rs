//! A cluster of three primaries with a replica each, and the faults a test can give it.

mod formation;
mod migration;
mod topology;

use std::ops::RangeInclusive;

use crate::cluster::topology::Topology;
use crate::engine::Engine;
use crate::server::Server;
use crate::slot::{SLOTS, slot_of};
use crate::wait::until;

/// Primaries of a cluster, each with one replica.
pub const SHARDS: usize = 3;

/// Three shards of two nodes on 127.0.0.1. Dropping it kills them all.
///
/// Shard `i` is the pair of nodes `i` and `i + 3`. It starts with node `i` as its primary and a third of the slots
/// ([`Cluster::home_slots`]); the roles change with failovers, the pair does not. Nodes persist what they hold.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
    ids: Vec<String>,
}

impl Cluster {
    /// Starts six nodes, joins them and waits until every slot is served; 2.5 s, most of it the engine's own patience.
    ///
    /// # Panics
    /// When the engine is not installed, or the cluster does not form.
    pub async fn start(engine: Engine) -> Cluster {
        Self::start_with(engine, &[]).await
    }

    /// Starts a cluster with further settings for each node, for example `("cluster-node-timeout", "5000")`.
    ///
    /// # Panics
    /// When the engine is not installed, or the cluster does not form.
    pub async fn start_with(engine: Engine, settings: &[(&str, &str)]) -> Cluster {
        formation::form(engine, settings).await
    }

    /// All nodes, dead ones included.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// One node, to ask it or to break it.
    #[must_use]
    pub fn node(&self, node: usize) -> &Server {
        &self.nodes[node]
    }

    /// The URLs of all nodes, for a cluster client to start from.
    #[must_use]
    pub fn seeds(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }

    /// The slots that this shard has in the beginning.
    #[must_use]
    pub fn home_slots(shard: usize) -> RangeInclusive<u16> {
        let from = |shard: usize| u16::try_from(shard * usize::from(SLOTS) / SHARDS).expect("a slot");
        from(shard)..=from(shard + 1) - 1
    }

    /// A key or channel whose name begins with `name` and whose slot is at home in this shard.
    #[must_use]
    pub fn key_on(shard: usize, name: &str) -> String {
        let mut names = (0..u32::MAX).map(|number| format!("{name}{{{number}}}"));
        names.find(|name| Self::home_slots(shard).contains(&slot_of(name))).expect("tags reach every shard")
    }

    /// The node that is the primary of this shard. Right after its loss this waits for the next one.
    ///
    /// # Panics
    /// When the shard stays without one.
    pub async fn primary(&self, shard: usize) -> usize {
        let topology = self.settled("a shard to have a primary").await;
        let pair = [shard, shard + SHARDS];
        let primary =
            pair.into_iter().find(|node| self.nodes[*node].is_running() && topology.is_primary(*node));
        primary.unwrap_or_else(|| panic!("neither node of shard {shard} is a primary: {topology:?}"))
    }

    /// The node that serves this slot. Right after its loss this waits for the next one.
    ///
    /// # Panics
    /// When no one serves it.
    pub async fn primary_of(&self, slot: u16) -> usize {
        let topology = self.settled("a slot to have a primary").await;
        topology.owner(slot).expect("in a settled cluster each slot has an owner")
    }

    /// The node that serves the slot of this key or channel.
    ///
    /// # Panics
    /// When no one serves it.
    pub async fn primary_of_key(&self, key: &str) -> usize {
        self.primary_of(slot_of(key)).await
    }

    /// Kills the primary of this shard (SIGKILL) and returns its node. Its replica takes over by itself within seconds.
    ///
    /// # Panics
    /// When the shard has no primary.
    pub async fn kill_primary(&self, shard: usize) -> usize {
        let node = self.primary(shard).await;
        self.nodes[node].kill();
        node
    }

    /// Pauses the primary of this shard (SIGSTOP) and returns its node. Its replica takes over by itself within seconds.
    ///
    /// # Panics
    /// When the shard has no primary.
    pub async fn pause_primary(&self, shard: usize) -> usize {
        let node = self.primary(shard).await;
        self.nodes[node].pause();
        node
    }

    /// Lets a paused node go on; it learns by itself that it is a replica now.
    ///
    /// # Panics
    /// When it is not paused.
    pub fn resume(&self, node: usize) {
        self.nodes[node].resume();
    }

    /// Starts a killed node again and waits until it answers; [`Cluster::wait_ready`] waits until it has joined.
    ///
    /// # Panics
    /// When it was not killed, or does not come up.
    pub async fn restart(&self, node: usize) {
        self.nodes[node].restart().await;
    }

    /// Lets the replica of this shard take over without loss (`CLUSTER FAILOVER`) and returns its node once all know.
    ///
    /// # Panics
    /// When one of the pair is down, or the other nodes do not agree.
    pub async fn failover(&self, shard: usize) -> usize {
        self.wait_ready().await;
        let old = self.primary(shard).await;
        let new = (old + SHARDS) % self.nodes.len();
        self.nodes[new].command(&["CLUSTER", "FAILOVER"]).await;
        until("the replica to take over", || async {
            self.agreed().await.filter(|topology| topology.is_primary(new))
        })
        .await;
        new
    }

    /// Moves slots to another shard while clients go on, and waits until all nodes know. Keys move with them.
    ///
    /// # Panics
    /// When shard `from` does not serve all of the slots, or the move fails.
    pub async fn migrate_slots(&self, from: usize, to: usize, slots: RangeInclusive<u16>) {
        migration::migrate(self, from, to, slots).await;
    }

    /// Waits until the nodes that run agree on who serves what, all of that is served, and every replica has its
    /// primary's data stream.
    ///
    /// # Panics
    /// After [`crate::PATIENCE`].
    pub async fn wait_ready(&self) {
        self.settled("the cluster to be ready").await;
        until("every replica to follow its primary", || async {
            for node in self.nodes.iter().filter(|node| node.is_running()) {
                let info: String = node.query(&["INFO", "replication"]).await.ok()?;
                if info.contains("role:slave") && !info.contains("master_link_status:up") {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// Ends the connections of all clients of this node, subscribers included; links between nodes stay.
    ///
    /// # Panics
    /// When the node does not obey.
    pub async fn client_kill_all(&self, node: usize) {
        self.nodes[node].client_kill_all().await;
    }

    /// Removes all keys of all shards.
    ///
    /// # Panics
    /// When a primary does not obey.
    pub async fn flush_all(&self) {
        for shard in 0..SHARDS {
            let primary = self.primary(shard).await;
            self.nodes[primary].flush_all().await;
        }
    }

    /// Waits for [`Cluster::agreed`].
    async fn settled(&self, what: &str) -> Topology {
        until(what, || self.agreed()).await
    }

    /// What the running nodes all think, if they do and every slot is served by one of them.
    async fn agreed(&self) -> Option<Topology> {
        let mut agreed = None;
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            let view = Topology::seen_by(node, &self.nodes).await?;
            if agreed.as_ref().is_some_and(|agreed| *agreed != view) {
                return None;
            }
            agreed = Some(view);
        }
        agreed.filter(|topology| topology.is_served(|node| self.nodes[node].is_running()))
    }
}
