//! A client that comes back after a storm: it tries as often, and waits as long, as the protocol asks clients to.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::bench::line::Line;
use crate::bench::session::{Ear, QUIET_BUFFER, Session};
use crate::bench::{BenchError, Histogram, Target};
use crate::random::Random;
use crate::report::{Fault, Report};

/// Tries of a client before it gives up.
const TRIES_MAX: u32 = 8;

/// The pause before the second try, milliseconds; it doubles with each, and is random below that.
const PAUSE_MS: u64 = 100;

/// How clients came back.
#[derive(Debug, Default)]
pub(super) struct Returns {
    /// From the cut to the answer to hello.
    pub(super) away: Histogram,
    /// The connection and its upgrade, of the try that succeeded.
    pub(super) connect: Histogram,
    /// Hello written to answer read, of the try that succeeded.
    pub(super) hello: Histogram,
    /// Tries whose connection was not made, or broke.
    pub(super) failed: u64,
    /// Tries whose hello was refused, to be tried again.
    pub(super) refused: u64,
    pub(super) report: Report,
}

impl Returns {
    pub(super) fn merge(&mut self, other: Self) {
        self.away.merge(&other.away);
        self.connect.merge(&other.connect);
        self.hello.merge(&other.hello);
        self.failed += other.failed;
        self.refused += other.refused;
        self.report.merge(other.report);
    }
}

/// A client that comes back.
pub(super) struct Comer {
    pub(super) target: Target,
    pub(super) ear: Arc<Ear>,
    pub(super) returns: Arc<Mutex<Returns>>,
    /// When everybody was cut.
    pub(super) start: Instant,
    pub(super) random: Random,
}

impl Comer {
    /// Tries until it is in, or has tried often enough.
    pub(super) async fn come_back(mut self, mut session: Session) -> Result<(Session, Line), BenchError> {
        let mut tries = 1;
        loop {
            let error = match self.once(&mut session).await {
                Ok(line) => return Ok((session, line)),
                Err(error) => error,
            };
            let Some(pause) = pause_after(&error, tries, &mut self.random) else { return Err(error) };
            match error {
                BenchError::HelloRefused(_) => self.returns().refused += 1,
                _ => self.returns().failed += 1,
            }
            sleep(pause).await;
            tries += 1;
        }
    }

    async fn once(&self, session: &mut Session) -> Result<Line, BenchError> {
        let begun = Instant::now();
        let mut line = Line::connect(&self.target.endpoint, QUIET_BUFFER).await?;
        let connected = Instant::now();
        let known = session.come_back(&mut line, &self.ear).await?;
        let answered = Instant::now();
        let mut returns = self.returns();
        returns.connect.add(connected - begun);
        returns.hello.add(answered - connected);
        returns.away.add(answered - self.start);
        if !known.resumed {
            let example = || format!("the session of {} was not resumed", known.user);
            returns.report.fault(Fault::Lost, example);
        }
        Ok(line)
    }

    fn returns(&self) -> MutexGuard<'_, Returns> {
        self.returns.lock().expect("no holder panics")
    }
}

/// How long to wait after a try that failed; `None` when another is of no use, or there were enough.
fn pause_after(error: &BenchError, tries: u32, random: &mut Random) -> Option<Duration> {
    let least_ms = match error {
        BenchError::Connect(_) | BenchError::Closed(_) | BenchError::Io(_) => 0,
        BenchError::HelloRefused(refused) if refused.retry => refused.retry_after_ms.unwrap_or_default(),
        _ => return None,
    };
    // Random, so that those who were refused together do not come back together.
    let more_ms = random.number() % (PAUSE_MS << tries);
    (tries < TRIES_MAX).then(|| Duration::from_millis(least_ms + more_ms))
}

#[cfg(test)]
mod tests {
    use bongsu_wire::{ErrorKind, WireError};

    use super::*;

    fn refused(kind: ErrorKind) -> BenchError {
        BenchError::HelloRefused(WireError::new(kind, "refused"))
    }

    fn overloaded(retry_after_ms: u64) -> BenchError {
        BenchError::HelloRefused(
            WireError::new(ErrorKind::Overloaded, "overloaded").retry_after_ms(retry_after_ms),
        )
    }

    #[test]
    fn a_client_refused_for_now_waits_as_long_as_it_was_told_and_a_random_time_more() {
        let mut random = Random::seeded(1);
        let mut pauses: Vec<u128> =
            (0..100).map(|_| pause_after(&overloaded(1_000), 1, &mut random).unwrap().as_millis()).collect();
        assert!(pauses.iter().all(|pause| (1_000..1_200).contains(pause)), "{pauses:?}");
        pauses.sort_unstable();
        pauses.dedup();
        assert!(pauses.len() > 20, "they do not come back together: {pauses:?}");
    }

    #[test]
    fn a_client_that_never_gets_in_gives_up() {
        let mut random = Random::seeded(1);
        let mut tries = 1;
        while pause_after(&overloaded(0), tries, &mut random).is_some() {
            tries += 1;
        }
        assert_eq!(tries, TRIES_MAX);
        assert!(pause_after(&BenchError::Closed(String::new()), tries, &mut random).is_none());
    }

    #[test]
    fn a_client_refused_for_good_does_not_try_again() {
        let mut random = Random::seeded(1);
        assert!(pause_after(&refused(ErrorKind::Unauthorized), 1, &mut random).is_none());
        assert!(pause_after(&refused(ErrorKind::Unavailable), 1, &mut random).is_some());
    }
}
