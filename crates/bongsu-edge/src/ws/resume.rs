//! The rooms of a hello: held first, then their positions are found, then each is live, behind or reset.

use std::collections::HashMap;
use std::sync::Arc;

use bongsu_service::{ServiceError, SessionOpened};
use bongsu_types::{Head, RoomId, Seq};
use bongsu_wire::ResetReason;
use tracing::warn;

use super::own_facts::OwnStep;
use super::room_table::{Budget, RoomEntry, RoomState, Why};
use super::session::Session;
use crate::hub::RoomChannel;

/// A room to resume once its position is known.
pub(super) struct Resume {
    room: RoomId,
    cursor: Seq,
    head: Option<Head>,
}

impl Session {
    /// Holds the rooms of the hello, and finds their positions.
    pub(super) fn enter_rooms(&mut self, opened: SessionOpened, removals: u64) {
        let cursors: HashMap<RoomId, Seq> = opened.opened.cursors.into_iter().collect();
        let mut heads = opened.heads.into_iter().peekable();
        let mut resumes = Vec::with_capacity(opened.own.rows.len());
        let mut unknown = Vec::new();
        for own in opened.own.rows {
            let channel = self.state.hub.hold(self.mailbox.session, own.room);
            if channel.last().is_none() {
                unknown.push(channel.channel());
            }
            let from = own.joined_seq.prev();
            let cursor = cursors.get(&own.room).copied().unwrap_or(from).max(from);
            let why = Why::Resume(Budget::Within);
            let state = RoomState::Behind { next: cursor.next(), why };
            self.rooms.insert(RoomEntry { channel, joined: own.joined_seq, acked: cursor, state });
            resumes.push(Resume {
                room: own.room,
                cursor,
                head: heads.next_if(|head| head.room == own.room),
            });
        }
        self.own.opening = Some(resumes);
        if unknown.is_empty() {
            return self.resume_rooms(removals);
        }
        let hub = self.state.hub.clone();
        self.own.running = Some(Box::pin(async move {
            let result = hub.open(&unknown).await;
            OwnStep::Opened { removals, result }
        }));
    }

    /// Decides for each room of the hello: live, behind, or reset. The most recently active come first.
    pub(super) fn resume_rooms(&mut self, removals: u64) {
        let mut resumes = self.own.opening.take().unwrap_or_default();
        resumes.sort_by_key(|resume| std::cmp::Reverse(resume.head.map(|head| head.active_ms)));
        let limits = self.state.limits().clone();
        let mut records = 0;
        for Resume { room, cursor, head } in resumes {
            let Some(last) = self.rooms.get(room).and_then(|entry| entry.channel.last()) else { continue };
            let backlog = last.get().saturating_sub(cursor.get());
            if backlog > 0 && head.is_some_and(|head| cursor < head.floor_seq) {
                self.reset(room, cursor.next(), removals, ResetReason::Floor);
                continue;
            }
            let fits =
                backlog <= limits.resume_room_records && records + backlog <= limits.resume_records as u64;
            let budget = if fits { Budget::Within } else { Budget::Over };
            records += if fits { backlog } else { 0 };
            self.attach(room, cursor.next(), Why::Resume(budget), removals);
        }
    }

    /// Without positions no room can be served: the session tries until the store answers.
    pub(super) fn open_again(&mut self, removals: u64, error: &ServiceError) {
        warn!(%error, "the heads of a session's rooms cannot be read, trying again");
        let unknown: Vec<Arc<RoomChannel>> = self.rooms.iter().map(|entry| entry.channel.channel()).collect();
        let (hub, pause) = (self.state.hub.clone(), self.state.timing.retry_after);
        self.own.running = Some(Box::pin(async move {
            tokio::time::sleep(pause).await;
            let result = hub.open(&unknown).await;
            OwnStep::Opened { removals, result }
        }));
    }
}
