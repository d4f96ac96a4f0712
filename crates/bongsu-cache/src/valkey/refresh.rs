//! Keeps the slot map fresh: now and then while all is well, often in trouble, and always from servers that answer.

use std::sync::Arc;
use std::time::Duration;

use redis::{ServerErrorKind, Value};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::address::Address;
use super::node::Node;
use super::router::Router;
use super::topology::Topology;
use crate::contract::L2Error;
use crate::random;

/// How often the slot map is asked for while something is wrong: a failover shows within this time.
const INTERVAL_IN_TROUBLE: Duration = Duration::from_millis(150);

/// Never more often than this, however many calls are in trouble.
const GAP: Duration = Duration::from_millis(30);

/// Refreshes until it is stopped.
pub(super) async fn keep_fresh(router: Arc<Router>, interval: Duration, stop: CancellationToken) {
    let mut well = false;
    loop {
        let wait = if well { interval } else { INTERVAL_IN_TROUBLE };
        let jittered = wait.mul_f64(0.9 + 0.2 * random::fraction());
        tokio::select! {
            () = stop.cancelled() => return,
            () = router.trouble().notified() => {}
            () = tokio::time::sleep(jittered) => {}
        }
        let Some(refreshed) = stop.run_until_cancelled(refresh(&router)).await else { return };
        well = refreshed.is_ok();
        tokio::time::sleep(GAP).await;
    }
}

/// Asks one server after another until one tells the slot map. `Ok` when every slot has an owner that is up.
pub(super) async fn refresh(router: &Router) -> Result<(), L2Error> {
    let mut last = L2Error::Unreachable("nobody to ask".to_owned());
    for server in whom_to_ask(router) {
        match slot_map(&router.node(&server), &server).await {
            Ok(topology) => {
                let complete = topology.is_complete();
                router.adopt(topology);
                let all_well = check_all(router);
                let trouble = || L2Error::Unreachable("not every shard is up".to_owned());
                return if complete && all_well { Ok(()) } else { Err(trouble()) };
            }
            Err(error) => {
                debug!(%server, %error, "did not tell the slot map");
                last = error;
            }
        }
    }
    Err(last)
}

/// Connects to those who own slots before somebody needs them. Says whether all of them are well already.
fn check_all(router: &Router) -> bool {
    let mut all_well = true;
    for owner in router.topology().servers() {
        let node = router.node(owner);
        if node.is_doubtful() {
            all_well = false;
            node.check();
        }
    }
    all_well
}

/// Those in whom there is no doubt, from a random one on, then the seeds, then the rest.
fn whom_to_ask(router: &Router) -> Vec<Address> {
    let topology = router.topology();
    let mut owners = topology.servers().to_vec();
    if !owners.is_empty() {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let from = (random::fraction() * owners.len() as f64) as usize;
        owners.rotate_left(from);
    }
    let (doubtful, sound): (Vec<_>, Vec<_>) =
        owners.into_iter().partition(|owner| router.node(owner).is_doubtful());
    let mut ordered: Vec<Address> = Vec::new();
    for server in sound.into_iter().chain(router.seeds.iter().cloned()).chain(doubtful) {
        if !ordered.contains(&server) {
            ordered.push(server);
        }
    }
    ordered
}

async fn slot_map(node: &Arc<Node>, server: &Address) -> Result<Topology, L2Error> {
    let question = |_| {
        let mut pipeline = redis::Pipeline::with_capacity(2);
        pipeline.cmd("CLUSTER").arg("SLOTS");
        pipeline.cmd("ROLE");
        pipeline
    };
    let answers = node.ask(question).await.map_err(|no_answer| no_answer.error)?;
    let mut values = answers.values.into_iter();
    match (values.next(), values.next()) {
        (Some(Value::ServerError(refusal)), role) if no_cluster(&refusal) => {
            let is_primary = role.as_ref().and_then(role_name) != Some("slave");
            let replica = || L2Error::Refused("a replica without a cluster".to_owned());
            if is_primary { Ok(Topology::single(server.clone())) } else { Err(replica()) }
        }
        (Some(Value::ServerError(refusal)), _) => {
            Err(L2Error::Refused(format!("{} {}", refusal.code(), refusal.details().unwrap_or_default())))
        }
        (Some(slots), _) => Topology::read(&slots, server)
            .ok_or_else(|| L2Error::Refused("its slot map cannot be read".to_owned())),
        (None, _) => Err(L2Error::Unreachable("no answer".to_owned())),
    }
}

fn no_cluster(refusal: &redis::ServerError) -> bool {
    refusal.kind() == Some(ServerErrorKind::ResponseError)
        && refusal.details().is_some_and(|details| details.contains("cluster support disabled"))
}

fn role_name(role: &Value) -> Option<&str> {
    match role.as_sequence()?.first()? {
        Value::BulkString(name) => std::str::from_utf8(name).ok(),
        Value::SimpleString(name) => Some(name),
        _ => None,
    }
}
