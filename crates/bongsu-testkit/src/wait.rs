//! The one wait of all tests: bounded, and clear about what did not come.

use std::time::Duration;

/// How long a test waits for anything. Far above what a loaded machine needs: reaching it means it never comes.
pub const PATIENCE: Duration = Duration::from_secs(60);

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
