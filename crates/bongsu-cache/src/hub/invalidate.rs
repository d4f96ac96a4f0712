//! What an invalidation does, without the type: this process, the shared tier, then the word to the others.
//!
//! The order matters. The process tier is emptied before the delete (nobody here may answer with it any more) and after
//! it (a reader in between may have taken the old value from the shared tier). The others are told only once the
//! delete is confirmed: a process that hears of it and reads again must not find the old value.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::schemas::Live;
use super::{Core, Model, Shared};
use crate::backplane::Telling;
use crate::backplane::frame::Named;
use crate::contract::{Key, Region};
use crate::error::Invalidated;
use crate::l1::channel_of;
use crate::schema::SchemaHash;

/// Keys of one delete.
const DELETES_AT_ONCE: usize = 1000;

/// An entry that is to go, in every deployed version.
#[derive(Debug, Clone)]
pub(crate) struct Doomed {
    pub(crate) model: Arc<Model>,
    pub(crate) id: Arc<str>,
    pub(crate) hash: u128,
}

/// How far a delete in the shared tier went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// In all versions, confirmed.
    Everywhere,
    /// In the versions that are known, confirmed. There may be others: the list of them was lost, or cannot be asked
    /// for.
    WhereKnown,
    /// Not confirmed.
    No,
}

impl Doomed {
    /// The regions its entries live in; all of them unless the deployed versions are known for certain: an old list may
    /// lack one that came since.
    pub(crate) fn regions(&self, prefix: &str) -> Vec<Region> {
        match self.model.schemas.fresh() {
            Some(schemas) => self.regions_of(schemas, prefix),
            None => Region::all().collect(),
        }
    }

    /// The regions its entries live in under the versions that are known, whether these are all or not.
    pub(crate) fn known_regions(&self, prefix: &str) -> Vec<Region> {
        self.regions_of(self.model.schemas.remembered(), prefix)
    }

    fn regions_of(&self, schemas: Vec<SchemaHash>, prefix: &str) -> Vec<Region> {
        let region = |schema| Key::entry(prefix, schema, self.model.name, &self.id).region();
        schemas.into_iter().map(region).collect()
    }
}

impl Core {
    /// Drops entries everywhere, or queues what was not confirmed.
    pub(crate) async fn invalidate(&self, entries: Vec<Doomed>) -> Invalidated {
        self.forget(&entries);
        metrics::counter!("cache_invalidations_total", "source" => "local").increment(entries.len() as u64);
        let deleted = self.delete(&entries).await;
        let mut gone = Vec::with_capacity(entries.len());
        let mut queued = false;
        for (doomed, deleted) in entries.into_iter().zip(deleted) {
            if deleted != Deleted::Everywhere {
                queued = true;
                // Queued first, then forgotten: a reader in between must not believe the shared tier.
                self.pending.add(doomed.clone(), deleted, &self.prefix);
                self.l1.invalidate(doomed.hash);
            }
            if deleted != Deleted::No {
                gone.push(doomed);
            }
        }
        let told = self.tell(&gone, Telling::Dropped).await;
        match (queued, told) {
            (true, _) => Invalidated::QueuedForRetry { pending: self.pending.len() },
            (false, true) => Invalidated::Everywhere,
            (false, false) => Invalidated::LocalAndL2,
        }
    }

    /// Drops all entries of a model everywhere, or queues what was not confirmed.
    pub(crate) async fn invalidate_all(&self, model: &Arc<Model>) -> Invalidated {
        model.renew();
        let renewals = Region::all().map(|region| async move { (region, self.renew(model, region).await) });
        let mut queued = false;
        for (region, renewed) in join_all(renewals).await {
            if !renewed {
                queued = true;
                self.pending.add_renewal(model, region);
            }
        }
        model.renew();
        // What is queued is told again when it is done.
        let told = self.tell_all(model.name).await;
        match (queued, told) {
            (true, _) => Invalidated::QueuedForRetry { pending: self.pending.len() },
            (false, true) => Invalidated::Everywhere,
            (false, false) => Invalidated::LocalAndL2,
        }
    }

    /// Takes entries out of the process tier.
    pub(crate) fn forget(&self, entries: &[Doomed]) {
        for doomed in entries {
            self.l1.invalidate(doomed.hash);
        }
    }

    /// Deletes entries in the shared tier, in all deployed versions.
    pub(crate) async fn delete(&self, entries: &[Doomed]) -> Vec<Deleted> {
        let Some(shared) = &self.shared else { return vec![Deleted::Everywhere; entries.len()] };
        let mut keys = Vec::with_capacity(entries.len());
        let mut owners = Vec::with_capacity(entries.len());
        let mut deleted = vec![Deleted::Everywhere; entries.len()];
        let live = live_schemas(shared, entries).await;
        for (place, doomed) in entries.iter().enumerate() {
            let model = &doomed.model;
            let Some(live) = live.get(model.name) else {
                deleted[place] = Deleted::No;
                continue;
            };
            if !live.is_complete {
                deleted[place] = Deleted::WhereKnown;
            }
            for schema in &live.schemas {
                keys.push(Key::entry(&self.prefix, *schema, model.name, &doomed.id));
                owners.push(place);
            }
        }
        for (keys, owners) in keys.chunks(DELETES_AT_ONCE).zip(owners.chunks(DELETES_AT_ONCE)) {
            for (place, answer) in owners.iter().zip(shared.remove_many(keys).await) {
                if answer.is_err() {
                    deleted[*place] = Deleted::No;
                }
            }
        }
        deleted
    }

    /// Tells the others of confirmed changes, and forgets what was read here meanwhile. False: not certain that all
    /// heard.
    pub(crate) async fn tell(&self, entries: &[Doomed], telling: Telling) -> bool {
        self.forget(entries);
        self.announce(entries, telling).await
    }

    /// The word to the others alone.
    pub(crate) async fn announce(&self, entries: &[Doomed], telling: Telling) -> bool {
        let Some(publisher) = &self.publisher else { return entries.is_empty() };
        let told = entries.iter().map(|doomed| {
            let entry = Named { model: doomed.model.name.to_owned(), id: doomed.id.as_ref().to_owned() };
            publisher.tell(channel_of(doomed.hash), telling, entry)
        });
        join_all(told).await.into_iter().all(|certain| certain)
    }

    pub(crate) async fn tell_all(&self, model: &'static str) -> bool {
        match &self.publisher {
            Some(publisher) => publisher.drop_all(model).await,
            None => false,
        }
    }

    /// Renews a model's generation in a region; without a shared tier there is none to renew.
    pub(crate) async fn renew(&self, model: &Arc<Model>, region: Region) -> bool {
        match &self.shared {
            Some(shared) => shared.renew_generation(model.name, region).await.is_ok(),
            None => true,
        }
    }
}

/// The live schemas of every model, asked for once.
async fn live_schemas(shared: &Shared, entries: &[Doomed]) -> HashMap<&'static str, Live> {
    let models: HashMap<&'static str, &Arc<Model>> =
        entries.iter().map(|doomed| (doomed.model.name, &doomed.model)).collect();
    let mut live = HashMap::with_capacity(models.len());
    for (name, model) in models {
        live.insert(name, model.schemas.live(shared).await);
    }
    live
}
