//! Asks the running server.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Answer, LINE_BYTES_MAX, Order};
use crate::data_dir::DataDir;

/// A backup of a large store takes its time; a server that answers nothing for so long is not well.
const ANSWER_WITHIN: Duration = Duration::from_secs(6 * 3600);

/// The answer of the server that runs on `data`; `None` when none runs.
///
/// # Errors
/// When the server refuses or fails, with its reason.
pub(crate) async fn ask(data: &DataDir, order: &Order) -> Result<Option<String>> {
    let stream = match UnixStream::connect(data.admin_socket()).await {
        Ok(stream) => stream,
        // No socket, or one that a killed server left behind.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot reach the server at {}", data.admin_socket().display()));
        }
    };
    let (reader, mut writer) = stream.into_split();
    let mut line = serde_json::to_string(order)?;
    line.push('\n');
    writer.write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    let mut reader = BufReader::new(reader.take(LINE_BYTES_MAX));
    timeout(ANSWER_WITHIN, reader.read_line(&mut answer)).await.context("the server did not answer")??;
    match serde_json::from_str(&answer).context("the server stopped before it was done")? {
        Answer::Done { text } => Ok(Some(text)),
        Answer::Failed { reason } => bail!("the server says: {reason}"),
    }
}
