//! What happens to a cache besides reads and writes: it is warmed, whole models are replaced, processes come and go.

use std::sync::Arc;
use std::time::Duration;

use bongsu_cache::envelope::Version;
use bongsu_cache::testing::{Change, Dice};
use bongsu_cache::{WarmOptions, Warming};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::sleep;

use super::World;
use super::process::Process;
use super::writers::told;
use crate::thing::Thing;

const SECOND: Duration = Duration::from_secs(1);
/// Things that change together before all of the model is invalidated.
const REPLACED_AT_ONCE: u64 = 10;

impl World {
    /// Waits for some time. False: the world ends.
    pub(super) async fn goes_on_after(&self, time: Duration) -> bool {
        self.stop.run_until_cancelled(sleep(time)).await.is_some()
    }

    /// A process warms the shared tier now and then, while all others go on writing.
    pub(super) async fn warm(self: Arc<Self>, mut dice: Dice) {
        while self.goes_on_after(SECOND / 2 + dice.time_up_to(2 * SECOND)).await {
            let warming = self.start_warming(&mut dice);
            if let Some(progress) = self.stop.run_until_cancelled(warming.complete()).await {
                assert!(progress.tried() <= self.plan.things as u64);
            }
        }
    }

    fn start_warming(self: &Arc<Self>, dice: &mut Dice) -> Warming {
        let process = self.process(self.any_seat(dice));
        let pace = WarmOptions::new().with_pace(u32::try_from(self.plan.things).unwrap() * 2, 6);
        if dice.happens(500) {
            return process.cache.warm(Arc::clone(self).items_with_versions(), pace);
        }
        let (world, seed) = (Arc::clone(self), dice.number());
        let ids = stream::iter(0..self.plan.things as u64);
        process.cache.warm_by_loading(ids, pace, move |missing| {
            Arc::clone(&world).load_many(missing, Dice::seeded(seed))
        })
    }

    /// Each is read from the source when it is asked for.
    fn items_with_versions(self: Arc<Self>) -> impl Stream<Item = (u64, Version, Thing)> + Send + 'static {
        stream::iter(0..self.plan.things).filter_map(move |thing| {
            let (version, exists) = self.history.latest(thing);
            let wanted = exists && self.has_versions(thing);
            let item = (thing as u64, Version(version), Thing::new(thing as u64, version));
            std::future::ready(wanted.then_some(item))
        })
    }

    /// Now and then many things change at once, and the one who changed them invalidates the model instead of each.
    pub(super) async fn replace_many(self: Arc<Self>, mut dice: Dice) {
        while self.goes_on_after(SECOND / 2 + dice.time_up_to(3 * SECOND)).await {
            let (process, _writing) = self.writing(self.any_seat(&mut dice)).await;
            let mut things: Vec<usize> = (0..REPLACED_AT_ONCE).map(|_| self.pick(&mut dice)).collect();
            // What the log is about, the applier would put right; this is to be put right by the renewal alone.
            things.retain(|thing| !self.is_in_log(*thing));
            for thing in &things {
                self.commit(*thing, Change::Write);
            }
            let reached = process.cache.invalidate_all().await;
            for thing in things {
                self.history.note(thing, "the whole model:");
                self.history.note(thing, told(reached));
            }
        }
    }

    /// Ends a process in order and starts another one on its seat, cold: what readers and writers do goes on there at
    /// once, before it has registered and heard every channel.
    pub(crate) async fn restart(&self, seat: usize) {
        let last = self.replace(seat);
        self.took_leave(&last).await;
        assert!(self.process(seat).hub.settled(30 * SECOND).await, "a process that starts late settles");
    }

    /// Ends a process as kill -9 would: nothing it does from now on reaches anybody, and its leases are left to run out.
    /// Another one starts on its seat, cold. Who dies between a commit and its invalidation leaves the old value for its
    /// life, as is stated; so this one dies when what it wrote has been heard by all.
    pub(crate) async fn kill(&self, seat: usize) {
        let last = self.process(seat);
        let nobody_writes = last.writing.write().await;
        while last.hub.pending_invalidations() + last.counter.pending_removals() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(self.plan.bound.usual).await;
        self.replace(seat);
        last.vanish();
        drop(nobody_writes);
        assert!(self.process(seat).hub.settled(30 * SECOND).await, "the successor of a killed one settles");
    }

    /// Puts a new process on the seat, and returns the last one, which goes on.
    fn replace(&self, seat: usize) -> Arc<Process> {
        let number = self.process(seat).number + self.seats.len() as u16;
        let next = Arc::new(self.recipe.start(number, &self.seats[seat].tiers, &self.history));
        next.fail(*self.faults.lock().unwrap());
        std::mem::replace(&mut *self.seats[seat].process.write().unwrap(), next)
    }

    /// One process after the other is replaced, for as long as the world lives.
    pub(crate) async fn restarts(self: Arc<Self>) {
        let mut dice = Dice::seeded(self.plan.seed ^ 0xDEAD);
        while self.goes_on_after(SECOND + dice.time_up_to(3 * SECOND)).await {
            self.restart(self.any_seat(&mut dice)).await;
        }
    }

    pub(super) fn any_seat(&self, dice: &mut Dice) -> usize {
        usize::try_from(dice.below(self.seats.len() as u64)).unwrap()
    }
}
