//! axum's own WebSockets: hyper's upgrade, and tungstenite inside.

use anyhow::Result;
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use axum::serve::ListenerExt;
use futures_util::SinkExt;
use tokio::net::TcpListener;

use super::Shared;
use crate::client::TEXT_BYTES;
use crate::rounds::Job;

pub(super) async fn serve(listener: TcpListener, shared: Shared) {
    let upgrade = any(move |upgrade: WebSocketUpgrade| {
        let shared = shared.clone();
        async move {
            upgrade.on_upgrade(|socket| async move {
                // A connection ends with an error when the client goes away.
                connection(socket, shared).await.ok();
            })
        }
    });
    let app = Router::new().route("/read", upgrade.clone()).route("/write", upgrade);
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a TCP connection"));
    axum::serve(listener, app).await.expect("it serves");
}

async fn connection(mut socket: WebSocket, mut shared: Shared) -> Result<()> {
    match shared.job() {
        Job::Read(_) => {
            while let Some(message) = socket.recv().await {
                if let Message::Text(text) = message? {
                    shared.has_read(text.len())?;
                }
            }
        }
        Job::Write(_) => {
            let text = Message::Text(Utf8Bytes::from("a".repeat(TEXT_BYTES)));
            while let Some(round) = shared.round().await {
                for _ in 0..round.batch {
                    socket.feed(text.clone()).await?;
                }
                socket.flush().await?;
            }
        }
    }
    Ok(())
}
