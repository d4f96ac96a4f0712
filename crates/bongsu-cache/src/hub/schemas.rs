//! Which deployed versions of a model may have entries: a delete must cover them all.
//!
//! A process registers its schema some time before its first fill (the notice), and renews that. Processes that delete
//! ask for the list at least twice within a notice, so they know of a schema before anything is stored under it. A
//! schema once heard of is remembered for as long as its registration would have held, also when the shared tier lost
//! the list.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Core, Model, Shared};
use crate::contract::L2Error;
use crate::schema::SchemaHash;

/// Between two renewals of a registration; also the pause after one that failed is at most this.
const RENEW_EVERY: Duration = Duration::from_secs(5);
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// What a process knows of a model's schemas.
#[derive(Debug)]
pub(crate) struct Schemas {
    model: &'static str,
    own: SchemaHash,
    /// The longest life that entries are given. A registration holds for longer.
    longest_ms: AtomicU64,
    notice: Duration,
    known: Mutex<Known>,
    settled: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Known {
    heard_at: HashMap<SchemaHash, Instant>,
    asked_at: Option<Instant>,
}

impl Schemas {
    pub(crate) fn new(model: &'static str, own: SchemaHash, ttl: Duration, notice: Duration) -> Self {
        let schemas = Self {
            model,
            own,
            longest_ms: AtomicU64::new(0),
            notice,
            known: Mutex::default(),
            settled: watch::Sender::new(false),
        };
        schemas.cover(ttl);
        schemas
    }

    /// Entries are given this life from now on.
    pub(crate) fn cover(&self, ttl: Duration) {
        self.longest_ms.fetch_max(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// There is no shared tier, so nobody has to know.
    pub(crate) fn settle(&self) {
        self.settled.send_replace(true);
    }

    /// How long a registration holds: longer than any entry, and than a few failed renewals.
    fn holds(&self) -> Duration {
        let longest = Duration::from_millis(self.longest_ms.load(Ordering::Relaxed));
        longest.saturating_mul(2) + self.notice + 12 * RENEW_EVERY
    }

    /// Whether this process may fill the shared tier.
    pub(crate) fn is_settled(&self) -> bool {
        *self.settled.borrow()
    }

    /// Returns when it may; false if it never will.
    pub(crate) async fn settled(&self) -> bool {
        self.settled.subscribe().wait_for(|settled| *settled).await.is_ok()
    }

    /// All schemas that entries may have now.
    pub(crate) async fn live(&self, shared: &Shared) -> Result<Vec<SchemaHash>, L2Error> {
        if let Some(known) = self.fresh() {
            return Ok(known);
        }
        let asked_at = Instant::now();
        let heard = shared.live_schemas(self.model).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.heard_at.retain(|_, at| asked_at.saturating_duration_since(*at) < self.holds());
        known.heard_at.extend(heard.into_iter().map(|schema| (schema, asked_at)));
        known.asked_at = Some(asked_at);
        Ok(self.listed(&known))
    }

    /// What is known without asking; `None` if the answer is too old to know of every schema that may have entries.
    pub(crate) fn fresh(&self) -> Option<Vec<SchemaHash>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.asked_at.is_some_and(|at| at.elapsed() < self.notice / 2);
        fresh.then(|| self.listed(&known))
    }

    fn listed(&self, known: &Known) -> Vec<SchemaHash> {
        let others = known.heard_at.keys().copied().filter(|schema| *schema != self.own);
        std::iter::once(self.own).chain(others).collect()
    }
}

impl Core {
    /// Keeps a model's schema registered for as long as the hub lives. The first time that succeeds begins the notice.
    pub(crate) async fn keep_registered(self: Arc<Self>, model: Arc<Model>) {
        let Some(shared) = &self.shared else { return };
        let schemas = &model.schemas;
        let mut registered_at = None;
        loop {
            let outcome = shared.register_schema(model.name, model.schema, schemas.holds()).await;
            let mut pause = RENEW_EVERY;
            match outcome {
                Ok(()) => {
                    let first = *registered_at.get_or_insert_with(Instant::now);
                    let left = (first + schemas.notice).saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        schemas.settle();
                    } else {
                        pause = pause.min(left);
                    }
                }
                Err(error) => {
                    tracing::debug!(model = model.name, %error, "schema not registered yet");
                    pause = FAILED_PAUSE;
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
