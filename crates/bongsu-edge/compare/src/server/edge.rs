//! The way of Bongsu's edge: the library reads with a small buffer, and frames encoded once for all are written past it.

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Shared, tungstenite};
use crate::client::server_frame;
use crate::rounds::Job;

pub(super) async fn serve(mut stream: TcpStream, mut shared: Shared) -> Result<()> {
    if matches!(shared.job(), Job::Read(_)) {
        return tungstenite::serve(stream, tungstenite::small(), shared).await;
    }
    let frames = server_frame().repeat(16);
    while let Some(round) = shared.round().await {
        stream.write_all(&frames[..server_frame().len() * round.batch]).await?;
    }
    Ok(())
}
