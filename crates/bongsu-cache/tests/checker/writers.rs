//! The writers of a world: each change is followed by an invalidation, written through, or left to the log.

use std::sync::Arc;

use bongsu_cache::Invalidated;
use bongsu_cache::envelope::Version;
use bongsu_cache::testing::{Change, Dice};
use tokio::time::sleep;

use super::process::Process;
use super::{SourceFails, World};
use crate::thing::Thing;

impl World {
    /// Writes for as long as the world lives.
    pub(super) async fn write(self: Arc<Self>, seat: usize, mut dice: Dice) {
        while !self.stop.is_cancelled() {
            self.write_once(seat, &mut dice).await;
            sleep(dice.time_up_to(self.plan.write_pause)).await;
        }
    }

    async fn write_once(&self, seat: usize, dice: &mut Dice) {
        let (process, _writing) = self.writing(seat).await;
        let thing = self.pick(dice);
        let change = if dice.happens(100) { Change::Delete } else { Change::Write };
        if self.is_in_log(thing) && dice.happens(600) {
            self.commit(thing, change);
            self.history.note(thing, "left to the log");
        } else if self.has_versions(thing) && dice.happens(700) {
            self.write_through(&process, thing, change, dice).await;
        } else if dice.happens(200) {
            self.write_some(&process, dice).await;
        } else {
            self.change(&process, thing, change).await;
            if dice.happens(self.plan.second_writes) {
                sleep(dice.time_up_to(self.plan.source_time)).await;
                self.change(&process, thing, Change::Write).await;
            }
        }
    }

    async fn change(&self, process: &Process, thing: usize, change: Change) {
        self.commit(thing, change);
        let reached = process.cache.invalidate(&(thing as u64)).await;
        self.history.note(thing, told(reached));
    }

    async fn write_some(&self, process: &Process, dice: &mut Dice) {
        let mut ids: Vec<u64> = (0..4).map(|_| self.pick(dice) as u64).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in &ids {
            self.commit(usize::try_from(*id).unwrap(), Change::Write);
        }
        let reached = process.cache.invalidate_many(&ids).await;
        for id in ids {
            self.history.note(usize::try_from(id).unwrap(), told(reached));
        }
    }

    /// Sometimes the commit is made and its reply is lost.
    async fn write_through(&self, process: &Process, thing: usize, change: Change, dice: &mut Dice) {
        let (before, after) =
            (dice.time_up_to(self.plan.source_time), dice.time_up_to(self.plan.source_time));
        let reply_is_lost = dice.happens(20);
        let commit = async {
            sleep(before).await;
            let version = self.commit(thing, change);
            // The change is visible from now on, and the bound counts from now on: short.
            sleep(after / 4).await;
            let value = (change == Change::Write).then(|| Thing::new(thing as u64, version));
            if reply_is_lost { Err(SourceFails) } else { Ok(((), Version(version), value)) }
        };
        match process.cache.write_through(&(thing as u64), commit).await {
            Ok(written) => self.history.note(thing, told(written.reached)),
            Err(SourceFails) => self.history.note(thing, "the reply to the commit was lost"),
        }
    }
}

/// How far an invalidation reached, for the story.
pub(super) fn told(reached: Invalidated) -> &'static str {
    match reached {
        Invalidated::Everywhere => "invalidated everywhere",
        Invalidated::LocalAndL2 => "invalidated here and in the shared tier",
        Invalidated::QueuedForRetry { .. } => "invalidated here, and queued",
    }
}
