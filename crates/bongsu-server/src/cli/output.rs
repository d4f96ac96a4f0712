//! Long text to stdout; a reader that went away (`| head`) has seen enough.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes `text`.
pub(crate) fn show(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to stdout"),
    }
}
