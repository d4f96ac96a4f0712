//! The tail: the ordered stream of all commits, from which everything that lags behind repairs itself.

use async_trait::async_trait;
use bongsu_types::{CommitNo, Epoch, TailRef};

use crate::StoreResult;

/// A closed window of the tail: nothing can appear later inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailPage {
    /// Ascending by commit, within a commit as decided (so a room's seqs ascend).
    pub refs: Vec<TailRef>,
    /// Cursor for the next call: the last commit this window covers.
    pub next: CommitNo,
    /// Last commit of the store in the same snapshot; `next == last` means the end was reached.
    pub last: CommitNo,
}

/// The ordered stream of all commits.
#[async_trait]
pub trait Tail {
    /// Generation of the store.
    fn epoch(&self) -> Epoch;

    /// Refs of commits after `after`, about `limit` of them (a commit is never split).
    async fn tail(&self, after: CommitNo, limit: usize) -> StoreResult<TailPage>;

    /// Last commit visible now.
    async fn last_commit(&self) -> StoreResult<CommitNo>;

    /// A consumer that lives outside this process's memory says how far it is; sweeps wait for the slowest one. Takes no
    /// commit number: else a consumer that stores its position would have something new to read.
    async fn store_consumer(&self, name: &str, at: CommitNo) -> StoreResult<()>;
}
