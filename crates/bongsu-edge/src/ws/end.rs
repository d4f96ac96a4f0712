//! How connections end.

use bongsu_wire::CloseCode;
use futures_util::future::BoxFuture;

use super::socket::Socket;
use crate::state::EdgeState;

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The server closes it.
    Close(CloseCode),
    /// The client closed it, or the connection broke.
    Gone,
    /// Nothing can be written any more.
    Stalled,
}

/// Ends a connection as `end` says. Boxed: no session has to hold the room for its end while it lives.
pub(super) fn end(state: &EdgeState, socket: Socket, end: End) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        match end {
            End::Close(code) => {
                count(code.reason());
                within(state, socket.close(code)).await;
            }
            End::Gone => {
                count("gone");
                // The library's answer to the client's close frame may still be queued.
                within(state, socket.finish()).await;
            }
            End::Stalled => count("stalled"),
        }
    })
}

/// Patience with a peer that is slow to close is limited: then the connection is just dropped.
async fn within(state: &EdgeState, closing: impl Future<Output = ()>) {
    if tokio::time::timeout(state.timing.close_within, closing).await.is_err() {
        metrics::counter!("bongsu_closes_cut_total").increment(1);
    }
}

fn count(reason: &'static str) {
    metrics::counter!("bongsu_closes_total", "reason" => reason).increment(1);
}
