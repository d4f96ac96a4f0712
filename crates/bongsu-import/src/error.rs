//! Why a source cannot be read: the file, the line, what was found and what was expected.

use std::io;

/// Why a source cannot be read. Nothing of it is imported then.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line is not what the format has there.
    #[error("{file}, line {line}: {found}; expected {expected}")]
    Format {
        /// The file.
        file: String,
        /// From 1.
        line: u64,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// The file as a whole is of no use.
    #[error("{file}: {reason}")]
    Unusable {
        /// The file.
        file: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The second reading found something else than the first.
    #[error("{file} changed while it was imported: run the same command again")]
    Changed {
        /// The source.
        file: String,
    },
    /// Whoever took the messages has gone.
    #[error("the import has ended")]
    Ended,
}

impl ReadError {
    pub(crate) fn io(file: &str, source: io::Error) -> Self {
        Self::Io { file: file.to_owned(), source }
    }

    pub(crate) fn format(
        file: &str,
        line: u64,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Format { file: file.to_owned(), line, found: found.into(), expected: expected.into() }
    }

    pub(crate) fn unusable(file: &str, reason: impl Into<String>) -> Self {
        Self::Unusable { file: file.to_owned(), reason: reason.into() }
    }
}
