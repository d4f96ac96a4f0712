//! Storing what a client acked: now and then, and when its session ends.

use bongsu_service::ServiceResult;
use bongsu_types::{RoomId, Seq};
use tracing::warn;

use super::session::Session;

/// A connected device is stored as active at least this often: one that is not for long is deactivated.
const ACTIVE_EVERY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Acks that were, or were not, stored.
pub(super) struct AcksStored {
    cursors: Vec<(RoomId, Seq)>,
    result: ServiceResult<()>,
}

impl Session {
    /// Stores what was acked and not stored, and now and then that the device is in use though it acks nothing.
    pub(super) fn store_acks(&mut self) {
        if self.storing.is_some() {
            return;
        }
        let now = self.state.service.clock().now_ms();
        let cursors = self.rooms.take_unstored();
        if cursors.is_empty() && now.since(self.active_ms) < ACTIVE_EVERY_MS {
            return;
        }
        self.active_ms = now;
        let caller = self.caller.clone();
        self.storing = Some(Box::pin(async move {
            let result =
                caller.state.service.store_acks(&caller.actor.user, &caller.mailbox.device, &cursors).await;
            AcksStored { cursors, result }
        }));
    }

    /// Takes the outcome of a store.
    pub(super) fn acks_stored(&mut self, stored: AcksStored) {
        self.storing = None;
        if let Err(error) = stored.result {
            warn!(%error, "acks cannot be stored, trying again later");
            self.rooms.keep_unstored(&stored.cursors);
        }
    }

    /// Stores what was acked and not stored, in bounded time; what is lost is sent again to the next session.
    pub(super) fn last_acks(&mut self) -> impl Future<Output = ()> + use<> {
        let under_way = self.storing.take();
        let cursors = self.rooms.take_unstored();
        let caller = self.caller.clone();
        async move {
            let store = async {
                if let Some(under_way) = under_way {
                    under_way.await;
                }
                if cursors.is_empty() {
                    return Ok(());
                }
                caller.state.service.store_acks(&caller.actor.user, &caller.mailbox.device, &cursors).await
            };
            match tokio::time::timeout(caller.state.timing.close_within, store).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%error, "the last acks of a session cannot be stored"),
                Err(_) => warn!("the last acks of a session could not be stored in time"),
            }
        }
    }
}
