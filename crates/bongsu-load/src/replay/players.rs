//! Everybody who plays, and what they check against.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use bongsu_types::{RoomId, UserId};
use bongsu_wire::MessageObject;

use super::check::RoomCheck;
use super::player::Player;
use super::{ReplayError, Summary};
use crate::report::Report;

/// The rooms of the run. Rooms that are over stay: a member may see them late.
#[derive(Debug, Default)]
pub(super) struct Checks(RwLock<HashMap<RoomId, Arc<RoomCheck>>>);

impl Checks {
    pub(super) fn add(&self, check: Arc<RoomCheck>) {
        self.0.write().expect("no holder panics").insert(check.id, check);
    }

    /// Checks a message of one of the run's rooms; other rooms of the user are not ours to judge.
    pub(super) fn seen(&self, room: RoomId, message: &MessageObject, report: &mut Report) {
        let check = self.0.read().expect("no holder panics").get(&room).cloned();
        if let Some(check) = check {
            check.seen(message, report);
        }
    }
}

/// One player per user, whatever the number of rooms.
#[derive(Debug, Default)]
pub(super) struct Players {
    pub(super) checks: Arc<Checks>,
    players: Mutex<HashMap<UserId, Arc<Player>>>,
}

impl Players {
    pub(super) fn of(&self, user: &UserId) -> Arc<Player> {
        let mut players = self.players.lock().expect("no holder panics");
        let new = || Arc::new(Player::new(user.clone(), Arc::clone(&self.checks)));
        Arc::clone(players.entry(user.clone()).or_insert_with(new))
    }

    /// Adds up what everybody saw.
    pub(super) async fn finish(&self, summary: &mut Summary) -> Result<(), ReplayError> {
        let players: Vec<Arc<Player>> =
            self.players.lock().expect("no holder panics").values().cloned().collect();
        for player in players {
            let (opened, broken) = player.sessions().await;
            let (report, resets) = player.watch.take_report();
            summary.users += 1;
            summary.sessions += opened;
            summary.broken_sessions += broken;
            summary.room_resets += resets;
            summary.report.merge(report);
        }
        Ok(())
    }
}
