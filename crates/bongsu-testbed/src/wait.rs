//! The waits of all tests: bounded, and clear about what did not come.

use std::time::Duration;

/// How long a test waits for anything. Far above what a loaded machine needs: reaching it means it never comes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a fact is asked for that no one announces.
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// Waits for `future`.
///
/// # Panics
/// After [`PATIENCE`], saying what was awaited.
#[track_caller]
pub fn within<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: waited {} s for {what}", PATIENCE.as_secs()),
        }
    }
}

/// Asks until there is an answer: for facts of other processes, which announce nothing. Not for a paused clock.
///
/// # Panics
/// After [`PATIENCE`], saying what was awaited.
#[track_caller]
pub fn until<T, F>(what: &str, ask: impl Fn() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    within(what, async move {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    })
}
