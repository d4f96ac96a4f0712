//! The service: what all use cases share.

use std::fmt;
use std::sync::Arc;

use bongsu_cluster::{Presence, Rate, RateLimiter};
use bongsu_store::{Authority, Once, Store};
use bongsu_types::{Clock, Limits, RoomId};

use crate::{Actor, Appended, Cards, ServiceError, ServiceResult};

/// Choices of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceSettings {
    /// Users change their own name, image and data; then their tokens do not.
    pub users_own_profile: bool,
    /// A direct room from a stranger is a request until accepted.
    pub requests: bool,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self { users_own_profile: false, requests: true }
    }
}

/// What a service is made of.
#[derive(Clone)]
pub struct ServiceParts {
    /// Where everything durable is.
    pub store: Arc<dyn Store>,
    /// What is kept of rooms and users; fed by the commits of the store.
    pub cards: Cards,
    /// Bounds of requests.
    pub limits: Arc<Limits>,
    /// Time of rates and badges.
    pub clock: Arc<dyn Clock>,
    /// Who is online.
    pub presence: Arc<Presence>,
    /// Choices of the deployment.
    pub settings: ServiceSettings,
}

/// The use cases. Cheap to clone; each use case is in a file of its own.
#[derive(Clone)]
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) cards: Cards,
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) settings: ServiceSettings,
    sends: Arc<RateLimiter>,
    creates: Arc<RateLimiter>,
    watches: Arc<RateLimiter>,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: ServiceParts) -> Self {
        let ServiceParts { store, cards, limits, clock, presence, settings } = parts;
        let sends = Rate::per_second(limits.sends_per_s, limits.sends_burst);
        let creates = Rate::per_minute(limits.creates_per_min);
        let watches = Rate::per_minute(limits.watches_per_min);
        Self {
            sends: Arc::new(RateLimiter::new(sends, clock.clone())),
            creates: Arc::new(RateLimiter::new(creates, clock.clone())),
            watches: Arc::new(RateLimiter::new(watches, clock.clone())),
            store,
            cards,
            limits,
            clock,
            presence,
            settings,
        }
    }

    /// Bounds of requests.
    #[must_use]
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// The clock everything here goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Who is online.
    #[must_use]
    pub fn presence(&self) -> &Arc<Presence> {
        &self.presence
    }

    /// Takes one of the user's sends, edits, deletions and reactions: they share a rate. Server keys have none.
    pub(crate) fn take_send(&self, actor: &Actor) -> ServiceResult<()> {
        take(&self.sends, actor)
    }

    /// Takes one of the user's room creations. Server keys have no rate.
    pub(crate) fn take_create(&self, actor: &Actor) -> ServiceResult<()> {
        take(&self.creates, actor)
    }

    /// Takes one of the user's watches of presence. Server keys have no rate.
    pub(crate) fn take_watch(&self, actor: &Actor) -> ServiceResult<()> {
        take(&self.watches, actor)
    }

    /// The first reply to a request about to be refused, when it is a repetition; else the refusal.
    ///
    /// A client that lost a reply must get it, even when it is over its rate or a limit was lowered since.
    pub(crate) async fn first_reply_or(
        &self,
        refusal: ServiceError,
        room: RoomId,
        actor: &Actor,
        once: Option<&Once>,
    ) -> ServiceResult<Appended> {
        let Some(once) = once else { return Err(refusal) };
        match self.store.replied(room, &actor.user, once).await? {
            Some(first) => Ok(Appended { duplicate: true, ..first }),
            None => Err(refusal),
        }
    }
}

fn take(limiter: &RateLimiter, actor: &Actor) -> ServiceResult<()> {
    match actor.authority {
        Authority::User => {
            limiter.take(&actor.user).map_err(|retry_after_ms| ServiceError::RateLimited { retry_after_ms })
        }
        Authority::Server => Ok(()),
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceParts").field("settings", &self.settings).finish_non_exhaustive()
    }
}
