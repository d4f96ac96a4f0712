//! What a rule found: where, and what to do about it.

use std::fmt;

/// Shown as `path:line: message`, which editors and terminals make a link of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    path: String,
    line: Option<usize>,
    message: String,
}

impl Fault {
    pub(crate) fn of_file(path: &str, message: impl Into<String>) -> Fault {
        Fault { path: path.to_owned(), line: None, message: message.into() }
    }

    /// Lines count from 1.
    pub(crate) fn at(path: &str, line: usize, message: impl Into<String>) -> Fault {
        Fault { path: path.to_owned(), line: Some(line), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.path, self.message),
            None => write!(out, "{}: {}", self.path, self.message),
        }
    }
}
