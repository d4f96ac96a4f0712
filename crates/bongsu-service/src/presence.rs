//! Who may see whom online.

use bongsu_cluster::PresenceState;
use bongsu_types::{Millis, UserId};

use crate::{Actor, Service, ServiceResult, checks};

impl Service {
    /// Whether two users share a room that neither holds as a request: only then one sees the other's presence.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn shares_room(&self, watcher: &UserId, user: &UserId) -> ServiceResult<bool> {
        Ok(watcher == user || self.store.share_accepted_room(watcher, user).await?)
    }

    /// Presence of those among `users` whom the actor may watch, in the order asked. One store call a user, and one
    /// more for those who are offline: `watch_users` bounds a call, `watches_per_min` the calls. Watching nobody costs
    /// nothing and is always let through.
    ///
    /// # Errors
    /// `LimitReached` (`watch_users`), `RateLimited`.
    pub async fn watch_presence(
        &self,
        actor: &Actor,
        users: &[UserId],
    ) -> ServiceResult<Vec<(UserId, PresenceState)>> {
        actor.audit("presence.watch");
        checks::count(users.len(), "watch_users", self.limits.watch_users)?;
        if users.is_empty() {
            return Ok(Vec::new());
        }
        self.take_watch(actor)?;
        let mut watched = Vec::with_capacity(users.len());
        for user in users {
            if self.shares_room(&actor.user, user).await? {
                watched.push(user.clone());
            }
        }
        let states = self.presence.is_online(&watched);
        let mut seen = Vec::with_capacity(watched.len());
        for (user, mut state) in watched.into_iter().zip(states) {
            if state.last_active_ms.is_none() {
                state.last_active_ms = self.last_active(&user).await?;
            }
            seen.push((user, state));
        }
        Ok(seen)
    }

    /// When one of the user's devices was last active, for those this node does not remember.
    async fn last_active(&self, user: &UserId) -> ServiceResult<Option<Millis>> {
        let devices = self.store.devices(user).await?;
        Ok(devices.iter().map(|device| device.last_active_ms).max())
    }
}
