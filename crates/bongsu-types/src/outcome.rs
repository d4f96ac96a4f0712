//! What is known about a write that failed.

/// Whether a failed attempt may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It did not happen: safe to try again.
    NotApplied,
    /// It may have happened: only an idempotent call may be tried again.
    Unknown,
}
