//! Many users in many rooms: who is where, and the rooms made on the server.

use std::collections::BTreeMap;

use bongsu_types::{RoomId, RoomKind, Seq, UserId};
use bongsu_wire::ListRow;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::scan::RoomText;
use super::template::room_text;
use super::{BenchError, Target};
use crate::report::{Fault, Report};
use crate::rest::Rest;

/// Calls over REST at once.
const CALLS_AT_ONCE: usize = 64;

/// Users numbered from zero, each in as many rooms as any other.
#[derive(Debug)]
pub struct People {
    users: usize,
    rooms_each: usize,
    members: usize,
    rooms: Vec<RoomId>,
}

impl People {
    /// Makes the rooms: each user is in `rooms_each`, a room has `members` (the last one may have fewer).
    /// `on_progress` is told the rooms made.
    pub(super) async fn settle(
        target: &Target,
        users: usize,
        rooms_each: usize,
        members: usize,
        on_progress: impl FnMut(u64),
    ) -> Result<Self, BenchError> {
        // Fewer users than seats in a room: everybody is in every room.
        let members = members.min(users);
        let seats: Vec<usize> = (0..users * rooms_each).map(|seat| seat % users).collect();
        let rooms: Vec<Vec<UserId>> = seats
            .chunks(members.max(1))
            .map(|room| room.iter().map(|user| target.user(*user)).collect())
            .collect();
        let rooms = target.create(RoomKind::Group, rooms, on_progress).await?;
        Ok(Self { users, rooms_each, members, rooms })
    }

    /// How many users there are.
    pub(super) fn count(&self) -> usize {
        self.users
    }

    /// In how many rooms each of them is.
    pub(super) fn rooms_each(&self) -> usize {
        self.rooms_each
    }

    /// How many rooms there are.
    pub(super) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Users in a room.
    pub(super) fn members(&self, room: usize) -> usize {
        let seats = self.users * self.rooms_each;
        self.members.min(seats - room * self.members)
    }

    /// Writes one message to each of the first rooms. `turn` makes the messages new ones.
    pub(super) async fn speak(&self, target: &Target, rooms: usize, turn: u64) -> Result<(), BenchError> {
        let rooms = self.rooms.iter().take(rooms).enumerate();
        let mut saying = stream::iter(rooms)
            .map(|(number, room)| say(self.as_member(target, number), *room, turn))
            .buffer_unordered(CALLS_AT_ONCE);
        while saying.try_next().await?.is_some() {}
        Ok(())
    }

    /// The heads of all rooms as the server has them now.
    pub(super) async fn heads(&self, target: &Target) -> Result<BTreeMap<RoomText, Seq>, BenchError> {
        let rooms = self.rooms.iter().enumerate();
        let looking = stream::iter(rooms).map(|(number, room)| head(self.as_member(target, number), *room));
        looking.buffer_unordered(CALLS_AT_ONCE).try_collect().await
    }

    /// Counts rooms that did not grow by what was written to them.
    pub(super) fn judge_heads(
        &self,
        before: &BTreeMap<RoomText, Seq>,
        after: &BTreeMap<RoomText, Seq>,
        written: impl Fn(usize) -> u64,
        report: &mut Report,
    ) {
        for (number, room) in self.rooms.iter().enumerate() {
            let head =
                |heads: &BTreeMap<RoomText, Seq>| heads.get(&room_text(*room)).map_or(0, |head| head.0);
            let (expected, is) = (head(before) + written(number), head(after));
            let example = || format!("the head of {room} is {is}, not {expected}");
            report.faults(Fault::Lost, expected.saturating_sub(is), example);
            report.faults(Fault::Duplicated, is.saturating_sub(expected), example);
        }
    }

    /// Acts as the user in the first seat of a room.
    fn as_member(&self, target: &Target, room: usize) -> Rest {
        let user = target.user(room * self.members % self.users);
        target.rest().acting_for(user.to_string())
    }
}

async fn say(mut rest: Rest, room: RoomId, turn: u64) -> Result<(), BenchError> {
    let message = serde_json::json!({ "client_id": format!("bench-{turn}"), "text": "x".repeat(40) });
    let answer = rest.post(&format!("/v1/rooms/{room}/messages"), &message).await?;
    if answer.is_success() { Ok(()) } else { Err(BenchError::Refused(answer.body)) }
}

async fn head(mut rest: Rest, room: RoomId) -> Result<(RoomText, Seq), BenchError> {
    let row: ListRow = rest.get(&format!("/v1/rooms/{room}")).await?.read()?;
    Ok((room_text(room), row.head_seq))
}
