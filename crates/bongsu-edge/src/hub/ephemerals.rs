//! Typing and presence: told at once to whoever keeps up, and never twice.

use std::sync::Arc;

use bongsu_service::{Ephemeral, EphemeralReceiver};
use bongsu_wire::{Event, Presence, TypingEvent};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::Hub;

/// Passes ephemeral messages on until `stop`.
pub(crate) async fn run(hub: Arc<Hub>, mut ephemerals: EphemeralReceiver, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            ephemeral = ephemerals.recv() => match ephemeral {
                Some(ephemeral) => hub.pass_on(ephemeral),
                None => return,
            },
        }
    }
}

impl Hub {
    fn pass_on(&self, ephemeral: Ephemeral) {
        match ephemeral {
            Ephemeral::Typing { room, user, on } => {
                let Some(channel) = self.rooms.get(room) else { return };
                let event = Event::Typing(TypingEvent { room, user: user.clone(), on });
                channel.tell_others(&user, &Bytes::from(event.encode()));
            }
            Ephemeral::Presence { user, online, last_active_ms } => {
                self.watchers.tell(&user, || {
                    let event = Presence { user: user.clone(), online, last_active_ms };
                    Bytes::from(Event::Presence(event).encode())
                });
            }
        }
    }
}
