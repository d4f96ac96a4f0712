//! The tail of the reference engine: commit numbers are its cursor.

use async_trait::async_trait;
use bongsu_types::{CommitNo, Epoch};

use crate::memory::MemoryStore;
use crate::{StoreResult, Tail, TailPage};

#[async_trait]
impl Tail for MemoryStore {
    fn epoch(&self) -> Epoch {
        self.state().epoch
    }

    async fn tail(&self, after: CommitNo, limit: usize) -> StoreResult<TailPage> {
        let state = self.state();
        let last = state.last_commit;
        let mut page = TailPage { refs: Vec::new(), next: last, last };
        for entry in state.tail.iter().filter(|entry| entry.commit > after) {
            if page.refs.len() >= limit.max(1) {
                // The page ends before this commit: everything up to it is told.
                page.next = entry.commit.prev();
                break;
            }
            page.refs.extend(entry.refs.iter().cloned());
        }
        Ok(page)
    }

    async fn last_commit(&self) -> StoreResult<CommitNo> {
        Ok(self.state().last_commit)
    }

    async fn store_consumer(&self, name: &str, at: CommitNo) -> StoreResult<()> {
        // No commit: else a consumer that stores its position would have something new to read.
        self.state().consumers.insert(name.to_owned(), at);
        Ok(())
    }
}
