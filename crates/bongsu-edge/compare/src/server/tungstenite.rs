//! tokio-tungstenite as its examples use it.

use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Shared;
use crate::client::TEXT_BYTES;
use crate::rounds::Job;

pub(super) fn default() -> WebSocketConfig {
    WebSocketConfig::default()
}

pub(super) fn small() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(2 * 1024)
}

pub(super) async fn serve(stream: TcpStream, config: WebSocketConfig, mut shared: Shared) -> Result<()> {
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    match shared.job() {
        Job::Read(_) => {
            while let Some(message) = socket.next().await {
                shared.has_read(message?.len())?;
            }
        }
        Job::Write(_) => {
            let text = Message::text("a".repeat(TEXT_BYTES));
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
