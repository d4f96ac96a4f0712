//! What stands between the service and an engine in production: a deadline, retries, metrics, one log line.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_types::Outcome;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use crate::decorate::decorate_store;
use crate::decorate::names::*;
use crate::{Store, StoreError};

/// How long and how often a guard tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSettings {
    /// A call and all its attempts end after this long. A write that was not answered by then is `Unknown`.
    pub deadline_ms: u64,
    /// Attempts of a call, at least 1.
    pub attempts: u32,
    /// Wait before the second attempt; doubled for each one after it, and jittered to 50-100 %.
    pub backoff_ms: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { deadline_ms: 10_000, attempts: 3, backoff_ms: 20 }
    }
}

/// The production decorator.
///
/// Tries again only what is safe: reads and writes that certainly were not applied, and after `Unknown` only
/// idempotent calls (those with a key, marks, cursors). Refusals and overload are answered at once: the first will not
/// change, the second must not be made worse. A call that passes its deadline is dropped, which the contracts allow at
/// any await.
pub struct Guard {
    inner: Arc<dyn Store>,
    settings: GuardSettings,
    /// Retries so far: where the next one stands in the jitter sequence.
    retries: AtomicU64,
}

impl Guard {
    /// Guards a store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, settings: GuardSettings) -> Self {
        Self { inner, settings, retries: AtomicU64::new(0) }
    }

    async fn call<'a, T>(&self, call: Call, attempt: impl Fn() -> Attempt<'a, T>) -> StoreResult<T> {
        let started = Instant::now();
        let deadline = started + Duration::from_millis(self.settings.deadline_ms);
        let (answer, attempts) = self.try_until(deadline, call, attempt).await;
        metrics::histogram!("bongsu_store_call_seconds", "op" => call.op).record(started.elapsed());
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(StoreError::Refused(_)) => "refused",
            Err(StoreError::Overloaded) => "overloaded",
            Err(StoreError::Failed { outcome: Outcome::NotApplied, .. }) => "not_applied",
            Err(StoreError::Failed { outcome: Outcome::Unknown, .. }) => "unknown",
        };
        metrics::counter!("bongsu_store_calls_total", "op" => call.op, "outcome" => outcome).increment(1);
        match &answer {
            Err(error @ (StoreError::Failed { .. } | StoreError::Overloaded)) => {
                warn!(op = call.op, attempt = attempts, %error, "store call failed");
            }
            Ok(_) | Err(StoreError::Refused(_)) => {}
        }
        answer
    }

    /// The answer, and the number of the attempt that gave it.
    async fn try_until<'a, T>(
        &self,
        deadline: Instant,
        call: Call,
        attempt: impl Fn() -> Attempt<'a, T>,
    ) -> (StoreResult<T>, u32) {
        let mut number = 1;
        loop {
            let answer = match timeout_at(deadline, attempt()).await {
                Ok(answer) => answer,
                Err(_) => return (Err(past_deadline(call.effect)), number),
            };
            if number >= self.settings.attempts || !is_worth_retrying(&answer, call.effect) {
                return (answer, number);
            }
            let wait = self.backoff(number);
            if Instant::now() + wait >= deadline {
                return (answer, number);
            }
            sleep(wait).await;
            number += 1;
        }
    }

    /// Doubled for each attempt. The jitter is a golden-ratio sequence: calls that fail together come back spread
    /// evenly, without a source of randomness.
    fn backoff(&self, attempt: u32) -> Duration {
        const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
        let full_ms = self.settings.backoff_ms.saturating_mul(1 << (attempt - 1).min(16));
        let spread = self.retries.fetch_add(1, Ordering::Relaxed).wrapping_mul(GOLDEN_RATIO) >> 32;
        let half_ms = full_ms / 2;
        Duration::from_millis(full_ms - ((half_ms * spread) >> 32))
    }
}

fn past_deadline(effect: Effect) -> StoreError {
    match effect {
        Effect::Read => StoreError::not_applied("no answer before the deadline"),
        Effect::Idempotent | Effect::Write => StoreError::unknown("no answer before the deadline"),
    }
}

fn is_worth_retrying<T>(answer: &StoreResult<T>, effect: Effect) -> bool {
    match answer {
        Ok(_) | Err(StoreError::Refused(_) | StoreError::Overloaded) => false,
        Err(StoreError::Failed { outcome: Outcome::NotApplied, .. }) => true,
        Err(StoreError::Failed { outcome: Outcome::Unknown, .. }) => effect != Effect::Write,
    }
}

decorate_store!(Guard);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("settings", &self.settings).finish_non_exhaustive()
    }
}
