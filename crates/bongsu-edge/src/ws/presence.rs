//! What sessions tell of themselves in passing: typing; and what they see of others: presence.

use std::sync::Arc;

use bongsu_service::Ephemeral;
use bongsu_service::{PresenceState, Rate};
use bongsu_types::{Limits, RoomKind, UserId};
use bongsu_wire::{Done, ErrorKind, Typing, Watch, WatchResult, WireError};

use super::command::Caller;
use super::session::Session;
use crate::commands::Answer;
use crate::convert;
use crate::error::to_wire;

/// Typing notifications of one session.
pub(super) fn typing_rate(limits: &Limits) -> Rate {
    Rate::per_second(limits.typing_per_s, limits.typing_per_s)
}

impl Session {
    /// Takes one of the session's typing notifications.
    pub(super) fn take_typing(&mut self) -> Answer<()> {
        let now = self.state.service.clock().now_ms();
        let rate = typing_rate(self.state.limits());
        self.typing.take(rate, now).map_err(|retry_after_ms| {
            WireError::new(ErrorKind::RateLimited, "typing too often").retry_after_ms(retry_after_ms)
        })
    }
}

/// `room.typing`: told to the others, in small rooms that are not channels. Elsewhere it is nothing.
pub(super) async fn begin_typing(caller: Arc<Caller>, params: Typing) -> Answer<Done> {
    let Typing { room, on } = params;
    let user = &caller.actor.user;
    let standing = caller.state.service.standing(user, room).await.map_err(to_wire)?;
    let Some(standing) = standing.filter(|standing| standing.own.is_member()) else {
        return Err(WireError::new(ErrorKind::NotFound, "room not found"));
    };
    let shows_typing = match standing.kind {
        RoomKind::Direct | RoomKind::Group => standing.members <= caller.state.limits().small_room_members,
        RoomKind::Channel => false,
    };
    if shows_typing {
        caller.state.bus.publish_ephemeral(Ephemeral::Typing { room, user: user.clone(), on });
    }
    Ok(Done {})
}

/// `presence.watch`: those who may be watched, as they are now; changes follow as events.
pub(super) async fn watch(caller: Arc<Caller>, params: Watch) -> Answer<WatchResult> {
    let service = &caller.state.service;
    let removals = caller.state.hub.removals();
    let seen = service.watch_presence(&caller.actor, &params.users).await.map_err(to_wire)?;
    let users: Vec<UserId> = seen.iter().map(|(user, _)| user.clone()).collect();
    caller.state.hub.watch(&caller.mailbox, &users, removals);
    // Looked at once more: who came or went before the watch began is in the answer, who does later is an event.
    let now = service.presence().is_online(&users);
    let users = seen.into_iter().zip(now).map(|((user, before), now)| {
        let last_active_ms = now.last_active_ms.or(before.last_active_ms);
        (user, convert::presence(PresenceState { last_active_ms, ..now }))
    });
    Ok(WatchResult { users: users.collect() })
}
