//! Who of all processes loads: the lease in the shared tier, and the bounded wait of those who do not have it.

use std::time::Duration;

use tokio::time::Instant;

use super::fetch::Fetch;
use super::store::Held;
use crate::contract::{Epoch, Lease, Over, Token};
use crate::metrics::LeaseEnd;
use crate::model::Cached;
use crate::options::LeaseMode;
use crate::random;

const PAUSE_FIRST: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// The right to fill: the token that stands in the shared tier, and the epoch it stood under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right {
    pub(crate) token: Token,
    pub(crate) epoch: Epoch,
    /// The lease has surely ended by itself by then.
    pub(crate) until: Instant,
}

impl Right {
    pub(crate) fn new(token: Token, epoch: Epoch, ttl: Duration) -> Self {
        Self { token, epoch, until: Instant::now() + ttl }
    }

    /// A fill under it is refused because it is late, and not (only) because something newer came.
    pub(crate) fn has_run_out(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// What came of asking.
pub(crate) enum Turn<T> {
    /// Load and fill.
    Mine(Right),
    /// Load, and do not fill: somebody else may still, or the tier is in trouble.
    Unfilled {
        /// Whether the tier answered.
        reached: bool,
    },
    /// Somebody else filled meanwhile.
    Found(Held<T>),
}

/// Pauses between two looks at what another one loads: growing, and not in step with anybody.
#[derive(Debug)]
pub(crate) struct Patience {
    deadline: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new(mode: LeaseMode) -> Self {
        let wait = match mode {
            LeaseMode::InProcess => Duration::ZERO,
            LeaseMode::CrossProcess { wait, .. } => wait,
        };
        Self { deadline: Instant::now() + wait, pause: PAUSE_FIRST }
    }

    /// Waits for a while, but not for longer than the lease lasts. False: the time is up.
    pub(crate) async fn wait(&mut self, lease_left: Duration) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let pause = self.pause.mul_f64(0.75 + random::fraction() / 2.0);
        tokio::time::sleep(pause.min(left).min(lease_left.max(PAUSE_FIRST))).await;
        self.pause = (self.pause * 3 / 2).min(PAUSE_MAX);
        true
    }
}

/// How long a lease lasts by itself.
pub(crate) fn lease_ttl(mode: LeaseMode, hard_timeout: Duration) -> Duration {
    match mode {
        LeaseMode::InProcess => hard_timeout,
        LeaseMode::CrossProcess { ttl, .. } => ttl,
    }
}

impl<T: Cached> Fetch<T> {
    /// Asks for the lease until it is won, somebody else has filled, or the wait is over.
    pub(crate) async fn turn(&self, mut over: Over) -> Turn<T> {
        let model = self.cache.model();
        let options = &self.cache.options;
        let Some(shared) = &self.cache.core().shared else { return Turn::Unfilled { reached: false } };
        // Others do not delete entries of this deployment yet, so none may be made.
        if !model.schemas.is_settled() {
            return Turn::Unfilled { reached: true };
        }
        let token = Token(random::number());
        let ttl = lease_ttl(options.lease, options.hard_timeout);
        let mut patience = Patience::new(options.lease);
        let mut waited = false;
        loop {
            let left = match shared.lease(&self.key, token, ttl, over).await {
                Ok(Lease::Won(epoch)) => return self.won(Right::new(token, epoch, ttl), over).await,
                Ok(Lease::Filled(found)) => match self.open(&found) {
                    Some(held) => {
                        if waited {
                            model.metrics.leased(LeaseEnd::Waited);
                        }
                        return Turn::Found(held);
                    }
                    // It cannot be believed: a lease is wanted although something is there.
                    None if over == Over::Absent => {
                        over = Over::Present;
                        continue;
                    }
                    None => return Turn::Unfilled { reached: true },
                },
                Ok(Lease::Held { left }) => left,
                Err(_) => return Turn::Unfilled { reached: false },
            };
            if !patience.wait(left).await {
                model.metrics.leased(if waited { LeaseEnd::TimedOut } else { LeaseEnd::Lost });
                return Turn::Unfilled { reached: true };
            }
            waited = true;
            if over == Over::Present
                && let Some(held) = self.look_shared().await
            {
                model.metrics.leased(LeaseEnd::Waited);
                return Turn::Found(held);
            }
        }
    }

    /// A lease over an entry that cannot be believed may come right after another one's fill: since the look at that
    /// entry it was replaced, and the lease was free again. Nobody fills under this lease, so one more look decides.
    async fn won(&self, right: Right, over: Over) -> Turn<T> {
        let metrics = &self.cache.model().metrics;
        if over == Over::Present
            && let Some(held) = self.look_shared().await
        {
            self.give_back(Some(right)).await;
            metrics.leased(LeaseEnd::Waited);
            return Turn::Found(held);
        }
        metrics.leased(LeaseEnd::Won);
        Turn::Mine(right)
    }

    async fn look_shared(&self) -> Option<Held<T>> {
        let shared = self.cache.core().shared.as_ref()?;
        let found = shared.get(&self.key).await.ok()?;
        self.open_again(&found)
    }

    /// Gives the right back, so that the others need not wait until it ends.
    pub(crate) async fn give_back(&self, right: Option<Right>) {
        let (Some(right), Some(shared)) = (right, &self.cache.core().shared) else { return };
        if let Err(error) = shared.release(&self.key, right.token).await {
            tracing::debug!(model = T::MODEL, %error, "a lease was not given back and ends by itself");
        }
    }
}
