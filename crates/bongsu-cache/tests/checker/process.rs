//! One process of a world: its hub over decorated tiers, from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bongsu_cache::contract::{Backplane, Channel, L2};
use bongsu_cache::envelope::Version;
use bongsu_cache::testing::{BackplaneFaults, FaultyL2, History, L2Faults, LossyBackplane};
use bongsu_cache::{
    Cache, CacheHub, Counter, EntryOptions, HubBuilder, ReconcileOptions, Reconciliation, Reconciling,
    SourceOfTruth,
};
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use super::SourceFails;
use super::counts::Tally;
use crate::thing::Thing;

/// The tiers of a process.
pub(crate) type Tiers = (Arc<dyn L2>, Arc<dyn Backplane>);

/// One process.
pub(crate) struct Process {
    pub(crate) number: u16,
    pub(crate) hub: CacheHub,
    pub(crate) cache: Cache<Thing>,
    pub(crate) counter: Counter<Tally>,
    pub(crate) l2: FaultyL2,
    pub(crate) backplane: LossyBackplane,
    /// Shared by all who write: the process ends when they are done.
    pub(super) writing: Arc<RwLock<()>>,
    /// Another process has its seat.
    pub(super) ends: CancellationToken,
    reconciling: Option<Reconciling>,
}

/// How processes are started.
pub(super) struct Recipe {
    pub(super) seed: u64,
    pub(super) options: EntryOptions,
    pub(super) adjust: fn(HubBuilder) -> HubBuilder,
    /// Entries are compared with the source, and may be behind it for this long.
    pub(super) reconciled: Option<Duration>,
}

impl Recipe {
    pub(super) fn start(&self, number: u16, (l2, backplane): &Tiers, history: &Arc<History>) -> Process {
        let l2 = FaultyL2::new(Arc::clone(l2), self.seed ^ u64::from(number));
        let backplane = LossyBackplane::new(Arc::clone(backplane), self.seed ^ u64::from(number));
        let builder = CacheHub::builder("checker")
            .schema_notice(Duration::from_millis(20))
            .l2(l2.clone())
            .backplane(backplane.clone());
        let hub = (self.adjust)(builder).build().unwrap();
        let cache = hub.cache::<Thing>().unwrap().with(self.options).unwrap();
        let reconciling = self.reconciled.map(|bound| {
            let often = ReconcileOptions::new().with_pace(Duration::from_millis(500), 20).with_bound(bound);
            cache.reconcile(Versions(Arc::clone(history)), often)
        });
        let counter = hub.counter::<Tally>().unwrap();
        let (writing, ends) = (Arc::default(), CancellationToken::new());
        Process { number, hub, cache, counter, l2, backplane, writing, ends, reconciling }
    }
}

impl Process {
    pub(super) fn fail(&self, (l2, backplane): (L2Faults, BackplaneFaults)) {
        self.l2.set(l2);
        self.backplane.set(backplane);
    }

    /// Nothing it does is heard from now on, and it hears nothing. Nobody is told.
    pub(super) fn vanish(&self) {
        self.ends.cancel();
        self.l2.cut();
        for channel in Channel::all() {
            self.backplane.mute(channel);
            self.backplane.deafen(channel);
        }
    }

    /// In order: its writers are done, what they left is carried out, and it says goodbye.
    pub(super) async fn end(&self) -> Reconciliation {
        self.ends.cancel();
        let _nobody_writes = self.writing.write().await;
        self.hub.clone().shutdown().await;
        self.reconciling.as_ref().map(Reconciling::found).unwrap_or_default()
    }
}

/// What reconciliation compares with.
struct Versions(Arc<History>);

#[async_trait]
impl SourceOfTruth<Thing> for Versions {
    type Error = SourceFails;

    async fn versions(&self, ids: &[u64]) -> Result<std::collections::HashMap<u64, Version>, SourceFails> {
        let known = ids.iter().filter_map(|id| {
            let (version, exists) = self.0.latest(usize::try_from(*id).ok()?);
            exists.then_some((*id, Version(version)))
        });
        Ok(known.collect())
    }
}
