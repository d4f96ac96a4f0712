//! The accept loop: plain HTTP/1.1 with upgrades, small buffers, every connection a task with an owner.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::state::EdgeState;

/// A client has so long to send the head of a request; also how long an idle connection is kept.
const HEAD_WITHIN: Duration = Duration::from_secs(20);

/// Bytes of the head of a request, at most; a token of 8 KiB has to fit in.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Connections that are no session, at most: more are dropped unheard.
const HTTP_CONNECTIONS: usize = 4 * 1024;

/// Pause after a failed accept: out of file descriptors passes only when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `cancel`, or until the edge is drained.
pub(crate) async fn serve(
    state: &Arc<EdgeState>,
    router: axum::Router,
    listener: TcpListener,
    cancel: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => return,
            () = state.drain_begins() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(_) if state.connections.len() >= state.limits().sessions + HTTP_CONNECTIONS => {
                metrics::counter!("bongsu_connections_dropped_total").increment(1);
            }
            Ok((stream, _)) => {
                let connection = connection(state.clone(), stream, router.clone(), cancel.clone());
                state.connections.spawn(connection);
            }
            Err(error) => {
                warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it ends, or becomes a session and goes on as a task of its own.
async fn connection(
    state: Arc<EdgeState>,
    stream: TcpStream,
    router: axum::Router,
    cancel: CancellationToken,
) {
    // Frames are written whole: waiting for more would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection cannot be set up");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let told_to_end = async {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = state.drain_begins() => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_end => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended badly");
    }
}
