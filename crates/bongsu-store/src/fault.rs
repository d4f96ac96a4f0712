//! The fault that is hardest to survive: the store commits, and the reply is lost.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::decorate::decorate_store;
use crate::decorate::names::*;
use crate::{Store, StoreError};

/// A store that carries out every call, and then loses the replies of as many mutations as it is told to: they answer
/// `Failed` with [`bongsu_types::Outcome::Unknown`]. For tests.
pub struct LoseReply {
    inner: Arc<dyn Store>,
    left: AtomicU32,
}

impl LoseReply {
    /// Loses nothing yet.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, left: AtomicU32::new(0) }
    }

    /// Loses the replies of the next `mutations`, refusals included. Reads are answered.
    pub fn lose_next(&self, mutations: u32) {
        self.left.store(mutations, Ordering::SeqCst);
    }

    async fn call<'a, T>(&self, call: Call, attempt: impl Fn() -> Attempt<'a, T>) -> StoreResult<T> {
        let answer = attempt().await;
        let is_lost = match call.effect {
            Effect::Read => false,
            Effect::Idempotent | Effect::Append | Effect::Write => {
                let one_less = |left: u32| left.checked_sub(1);
                self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
            }
        };
        if is_lost { Err(StoreError::unknown("the reply was lost on purpose")) } else { answer }
    }
}

decorate_store!(LoseReply);

impl fmt::Debug for LoseReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoseReply").field("left", &self.left).finish_non_exhaustive()
    }
}
