//! Tasks that have to run as long as the node does: when one ends early, by a panic or by itself, the node has failed.

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracing::error;

/// Runs `task`, and cancels `failed` when it ends before `stop`.
pub(crate) async fn supervised(
    name: &'static str,
    task: BoxFuture<'static, ()>,
    stop: CancellationToken,
    failed: CancellationToken,
) {
    // Dropped while a panic unwinds, too.
    let _watch = Watch { name, stop, failed };
    task.await;
}

struct Watch {
    name: &'static str,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            error!(task = self.name, "a task of the node ended early");
            self.failed.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fails(task: BoxFuture<'static, ()>, stop: CancellationToken) -> bool {
        let failed = CancellationToken::new();
        let ended = tokio::spawn(supervised("test", task, stop, failed.clone())).await;
        drop(ended);
        failed.is_cancelled()
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_by_itself_is_a_failure() {
        assert!(fails(Box::pin(async { panic!("a fault of the test") }), CancellationToken::new()).await);
        assert!(fails(Box::pin(async {}), CancellationToken::new()).await);
    }

    #[tokio::test]
    async fn a_task_that_ends_when_told_is_none() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(!fails(Box::pin(async {}), stop).await);
    }
}
