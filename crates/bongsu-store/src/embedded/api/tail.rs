//! The tail: commit numbers are its cursor.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bongsu_types::{CommitNo, Epoch};

use crate::embedded::decide::sweep::StoreConsumer;
use crate::embedded::row::tail::decode_commit;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{EmbeddedStore, View, keys};
use crate::{StoreResult, Tail, TailPage};

/// Commits one page looks at, whether they have refs or not.
const COMMITS_SEEN_MAX: usize = 10_000;

#[async_trait]
impl Tail for EmbeddedStore {
    fn epoch(&self) -> Epoch {
        self.shared.identity.epoch
    }

    async fn tail(&self, after: CommitNo, limit: usize) -> StoreResult<TailPage> {
        let behind = self.shared.last_commit.load(Ordering::Acquire).saturating_sub(after.0);
        let rows = limit.min(usize::try_from(behind).unwrap_or(usize::MAX));
        self.read_from(self.view()?, rows, move |view| page(view, after, limit.max(1))).await
    }

    async fn last_commit(&self) -> StoreResult<CommitNo> {
        self.is_well()?;
        Ok(CommitNo(self.shared.last_commit.load(Ordering::Acquire)))
    }

    async fn store_consumer(&self, name: &str, at: CommitNo) -> StoreResult<()> {
        self.submit(StoreConsumer { name: name.to_owned(), at }).await
    }
}

fn page(view: &View, after: CommitNo, limit: usize) -> StoreResult<TailPage> {
    let last = view.last_commit()?;
    let mut page = TailPage { refs: Vec::new(), next: last, last };
    let mut seen = 0;
    view.scan_all(Table::Tail, &keys::commit(after.next()), &mut |key, value| {
        let commit = decoded(Table::Tail, key, keys::commit_of(key))?;
        let stored = decoded(Table::Tail, key, decode_commit(commit, value))?;
        seen += 1;
        if seen > COMMITS_SEEN_MAX || (page.refs.len() >= limit && !stored.refs.is_empty()) {
            // The page ends before this commit: everything up to it is told.
            page.next = commit.prev();
            return Ok(ControlFlow::Break(()));
        }
        page.refs.extend(stored.refs);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(page)
}
