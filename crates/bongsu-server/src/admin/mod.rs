//! Orders to the running server: one JSON line each way over a Unix socket in the data directory, mode 0600.

mod client;
mod server;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use client::ask;
pub(crate) use server::AdminSocket;

use crate::keys::KeyOrder;

/// Longest line of either side, in bytes.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// What the running server can be asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order {
    /// Write a backup.
    Backup {
        /// Absolute path of a file that does not exist.
        to: PathBuf,
    },
    /// Do something to the server keys.
    Key {
        /// What.
        key: KeyOrder,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum Answer {
    Done { text: String },
    Failed { reason: String },
}
