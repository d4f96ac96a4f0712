//! Who serves what, as one node sees it: the answer to `CLUSTER NODES`, read.

use crate::server::Server;
use crate::slot::SLOTS;

/// The roles of all nodes and the owner of each slot. Equal for nodes that agree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Topology {
    /// For each node of the cluster.
    roles: Vec<Role>,
    /// For each slot, the node that serves it.
    owners: Vec<Option<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Not known, or only by an address that was just heard of.
    Unknown,
    Primary,
    Replica,
}

impl Topology {
    /// `None` when the node does not answer, says that the cluster is down, or takes a running node for a failed one.
    pub(super) async fn seen_by(node: &Server, nodes: &[Server]) -> Option<Topology> {
        let info: String = node.query(&["CLUSTER", "INFO"]).await.ok()?;
        if !info.contains("cluster_state:ok") {
            return None;
        }
        let answer: String = node.query(&["CLUSTER", "NODES"]).await.ok()?;
        let running: Vec<(u16, bool)> = nodes.iter().map(|node| (node.port(), node.is_running())).collect();
        Self::read(&answer, &running)
    }

    /// `nodes`: the port of each node, and whether it runs.
    fn read(answer: &str, nodes: &[(u16, bool)]) -> Option<Topology> {
        let mut topology =
            Topology { roles: vec![Role::Unknown; nodes.len()], owners: vec![None; usize::from(SLOTS)] };
        // A line: id host:port@bus flags primary ping pong epoch link slots..
        for line in answer.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (address, flags) = (words.get(1)?, words.get(2)?);
            let port: u16 = address.split('@').next()?.rsplit(':').next()?.parse().ok()?;
            let Some(node) = nodes.iter().position(|(its, _)| *its == port) else { continue };
            if nodes[node].1 && (flags.contains("fail") || flags.contains("handshake")) {
                return None;
            }
            topology.roles[node] = if flags.contains("master") { Role::Primary } else { Role::Replica };
            for slots in words.iter().skip(8).filter(|slots| !slots.starts_with('[')) {
                let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
                let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
                topology.owners.get_mut(first..=last)?.fill(Some(node));
            }
        }
        (!topology.roles.contains(&Role::Unknown)).then_some(topology)
    }

    pub(super) fn is_primary(&self, node: usize) -> bool {
        self.roles[node] == Role::Primary
    }

    pub(super) fn owner(&self, slot: u16) -> Option<usize> {
        self.owners[usize::from(slot)]
    }

    /// Whether each slot belongs to a node that runs.
    pub(super) fn is_served(&self, is_running: impl Fn(usize) -> bool) -> bool {
        self.owners.iter().all(|owner| owner.is_some_and(&is_running))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "\
a 127.0.0.1:1001@2001 myself,master - 0 0 3 connected 0-99 101-16383
b 127.0.0.1:1002@2002,host master - 0 0 2 connected 100 [7->-a]
c 127.0.0.1:1003@2003 slave a 0 0 3 connected
";

    #[test]
    fn an_answer_names_roles_and_owners() {
        let topology = Topology::read(ANSWER, &[(1001, true), (1002, true), (1003, true)]).unwrap();
        assert_eq!([0, 1, 2].map(|node| topology.is_primary(node)), [true, true, false]);
        assert_eq!([7, 99, 100, 101].map(|slot| topology.owner(slot)), [Some(0), Some(0), Some(1), Some(0)]);
        assert!(topology.is_served(|_| true) && !topology.is_served(|node| node != 1));
    }

    #[test]
    fn a_node_that_runs_but_seems_failed_is_no_topology_yet() {
        let answer = ANSWER.replace("slave a", "slave,fail? a");
        assert!(Topology::read(&answer, &[(1001, true), (1002, true), (1003, true)]).is_none());
        assert!(Topology::read(&answer, &[(1001, true), (1002, true), (1003, false)]).is_some());
    }

    #[test]
    fn a_node_no_one_has_met_yet_is_no_topology() {
        assert!(Topology::read(ANSWER, &[(1001, true), (1004, true)]).is_none());
    }
}
