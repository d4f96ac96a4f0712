//! What a session has to obey: takeover, removal, revocation, shutdown.

use std::sync::Arc;

use bongsu_service::ServiceError;
use bongsu_service::auth::Claims;
use bongsu_types::SessionNo;
use bongsu_wire::{CloseCode, Draining, Event};
use tracing::warn;

use super::command::Caller;
use super::end::End;
use super::session::Session;
use crate::hub::Orders;
use crate::timing::{jitter, millis};

impl Session {
    /// Carries out the orders as they stand; `Some` when they end the session.
    pub(super) fn obey(&mut self, orders: Orders) -> Option<End> {
        if orders.device_removed > self.opened_rev {
            return Some(End::Close(CloseCode::DeviceRemoved));
        }
        if orders.revoked_before >= self.claims.issued_ms {
            return Some(End::Close(CloseCode::Unauthorized));
        }
        if orders.newest_session > self.session_no {
            return Some(End::Close(CloseCode::Replaced));
        }
        if orders.start_anew {
            return Some(End::Close(CloseCode::Draining));
        }
        if orders.recheck {
            self.timers.recheck(&self.state.timing);
        }
        if orders.draining && !self.draining {
            self.draining = true;
            self.timers.drain(&self.state.timing);
            let after = jitter(self.mailbox.session.0, 3, self.state.timing.reconnect_within);
            self.tell(&Event::Draining(Draining { reconnect_after_ms: millis(after) }));
        }
        None
    }

    /// Asks the store whether the session still stands. What was lost while an earlier answer is under way may not be in
    /// that one: then it is asked once more.
    pub(super) fn recheck(&mut self) {
        if self.rechecking.is_some() {
            self.timers.recheck(&self.state.timing);
            return;
        }
        self.rechecking = Some(Box::pin(recheck(self.caller.clone(), self.claims.clone(), self.session_no)));
    }
}

/// Orders may have been lost: asks the store whether the session still stands.
async fn recheck(caller: Arc<Caller>, claims: Claims, session_no: SessionNo) -> Option<CloseCode> {
    let service = &caller.state.service;
    match service.actor_of(&claims).await {
        Ok(_) => {}
        Err(ServiceError::Unauthorized) => return Some(CloseCode::Unauthorized),
        Err(error) => {
            warn!(%error, "a session cannot be checked, trying again");
            caller.mailbox.order(|orders| orders.recheck = true);
            return None;
        }
    }
    match service.devices(&caller.actor).await {
        Ok(devices) => match devices.iter().find(|device| device.info.id == caller.mailbox.device) {
            None => Some(CloseCode::DeviceRemoved),
            Some(device) if device.session_no > session_no => Some(CloseCode::Replaced),
            Some(_) => None,
        },
        Err(error) => {
            warn!(%error, "a session cannot be checked, trying again");
            caller.mailbox.order(|orders| orders.recheck = true);
            None
        }
    }
}
