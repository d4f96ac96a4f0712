//! Asks the store about watches in doubt, one at a time: presence is shown only to those who share a room.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Hub;

/// How soon a failed look is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Settles doubts until `stop`.
pub(crate) async fn run(hub: Arc<Hub>, stop: CancellationToken) {
    let settling = async {
        loop {
            hub.watchers.doubted().await;
            hub.settle_doubts().await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = settling => {}
    }
}

impl Hub {
    async fn settle_doubts(&self) {
        while let Some(doubt) = self.watchers.next_doubt() {
            match self.service.shares_room(&doubt.watcher, &doubt.user).await {
                Ok(allowed) => self.watchers.settle(doubt, allowed),
                Err(error) => {
                    warn!(%error, "it cannot be seen who may watch whom, trying again");
                    self.watchers.keep(doubt);
                    tokio::time::sleep(RETRY_AFTER).await;
                    return;
                }
            }
        }
    }
}
