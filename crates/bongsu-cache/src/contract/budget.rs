//! Until when a caller waits for the shared tier. It travels with the call, so that a tier of many servers can answer in
//! time with what it has, instead of losing all answers to the one server that gives none.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Calls a tier for somebody who waits for `budget` and no longer. It does not end the call: that is for the tier, see
/// [`deadline`].
pub async fn within<A>(budget: Duration, call: impl Future<Output = A>) -> A {
    DEADLINE.scope(Instant::now() + budget, call).await
}

/// When the caller of this call stops waiting, if it said so. By then a tier answers: with
/// [`L2Error::Timeout`](super::L2Error::Timeout) for the keys of servers that have not.
#[must_use]
pub fn deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}
