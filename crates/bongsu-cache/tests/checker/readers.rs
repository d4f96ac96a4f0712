//! The readers of a world, and the loads of what they miss.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bongsu_cache::envelope::Version;
use bongsu_cache::testing::{Dice, Seen};
use bongsu_cache::{Loaded, Lookup};
use tokio::time::sleep;

use super::process::Process;
use super::{Counting, SourceFails, World};
use crate::thing::Thing;

impl World {
    /// Reads until all reads are done.
    pub(super) async fn read(self: Arc<Self>, seat: usize, mut dice: Dice) {
        loop {
            for _ in 0..self.plan.burst {
                let count = if dice.happens(100) { 8 } else { 1 };
                if self.is_over(count) {
                    return;
                }
                let process = self.process(seat);
                if self.plan.also.counting != Counting::None && dice.happens(50) {
                    self.read_some_counters(&process, count, &mut dice).await;
                } else if count == 1 {
                    let thing = self.pick(&mut dice);
                    self.read_thing(&process, thing, &mut dice).await;
                } else {
                    self.read_many(&process, &mut dice).await;
                }
            }
            sleep(dice.time_up_to(self.plan.read_pause)).await;
        }
    }

    /// Takes reads from what is left; when nothing is, readers end with the faults.
    fn is_over(&self, reads: u64) -> bool {
        let take = |left: u64| left.checked_sub(reads);
        let left = self.reads_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        left.is_err() && self.faults_are_over.load(Ordering::Relaxed)
    }

    async fn read_some_counters(self: &Arc<Self>, process: &Process, count: u64, dice: &mut Dice) {
        if count == 1 {
            self.read_counter(process, dice).await;
        } else {
            self.read_all_counters(process, dice).await;
        }
    }

    pub(super) async fn read_thing(self: &Arc<Self>, process: &Process, thing: usize, dice: &mut Dice) {
        let (world, load_dice) = (Arc::clone(self), Dice::seeded(dice.number()));
        let read = self.history.begin();
        let answer =
            process.cache.lookup_or_load(&(thing as u64), move || world.load(thing, load_dice)).await;
        match answer {
            Ok(lookup) => {
                self.history.end(read, thing, seen(&lookup, process.number));
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn read_many(self: &Arc<Self>, process: &Process, dice: &mut Dice) {
        let mut ids: Vec<u64> = (0..8).map(|_| self.pick(dice) as u64).collect();
        ids.sort_unstable();
        ids.dedup();
        let (world, seed) = (Arc::clone(self), dice.number());
        let read = self.history.begin();
        let answer = process
            .cache
            .lookup_many_or_load(&ids, move |missing| {
                Arc::clone(&world).load_many(missing, Dice::seeded(seed))
            })
            .await;
        match answer {
            Ok(lookups) => {
                for id in ids {
                    let lookup = lookups.get(&id).expect("every id is answered");
                    self.history.end(read, usize::try_from(id).unwrap(), seen(lookup, process.number));
                }
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn load(self: Arc<Self>, thing: usize, mut dice: Dice) -> Result<Loaded<Thing>, SourceFails> {
        sleep(dice.time_up_to(self.plan.source_time)).await;
        let loaded = self.loaded(thing);
        sleep(dice.time_up_to(self.plan.source_time)).await;
        if dice.happens(self.plan.source_fails) { Err(SourceFails) } else { Ok(loaded) }
    }

    pub(super) async fn load_many(
        self: Arc<Self>,
        ids: Vec<u64>,
        mut dice: Dice,
    ) -> Result<HashMap<u64, Loaded<Thing>>, SourceFails> {
        sleep(dice.time_up_to(self.plan.source_time)).await;
        let loaded = ids.iter().map(|id| (*id, self.loaded(usize::try_from(*id).unwrap()))).collect();
        sleep(dice.time_up_to(self.plan.source_time)).await;
        if dice.happens(self.plan.source_fails) { Err(SourceFails) } else { Ok(loaded) }
    }

    fn loaded(&self, thing: usize) -> Loaded<Thing> {
        let (version, exists) = self.history.latest(thing);
        let loaded = Loaded::new(exists.then(|| Thing::new(thing as u64, version)));
        if self.has_versions(thing) { loaded.with_version(Version(version)) } else { loaded }
    }
}

fn seen(lookup: &Lookup<Thing>, reader: u16) -> Seen {
    let value = match lookup {
        Lookup::Hit { value, .. } => {
            assert!(value.is_whole(), "a value is a mixture: {value:?}");
            Some((usize::try_from(value.thing).unwrap(), value.version))
        }
        Lookup::Absent { .. } | Lookup::Miss => None,
    };
    Seen { value, stale: lookup.is_stale(), reader }
}
