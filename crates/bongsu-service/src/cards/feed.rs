//! Tells the cards of every commit before anybody else hears of it: what a store is opened with.

use std::sync::Arc;

use bongsu_store::CommitObserver;
use bongsu_types::Committed;

use super::Cards;

/// Drops the cards that a commit made old, then lets the next observer hear of it: whoever was just told of a change and
/// asks for the list sees it there.
#[derive(Clone)]
pub struct FeedCards {
    cards: Cards,
    next: Arc<dyn CommitObserver>,
}

impl FeedCards {
    /// Feeds `cards` before `next`.
    #[must_use]
    pub fn before(next: Arc<dyn CommitObserver>, cards: &Cards) -> Self {
        Self { cards: cards.clone(), next }
    }
}

impl CommitObserver for FeedCards {
    fn committed(&self, committed: &Arc<Committed>) {
        self.cards.committed(committed);
        self.next.committed(committed);
    }
}

impl std::fmt::Debug for FeedCards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedCards").field("cards", &self.cards).finish_non_exhaustive()
    }
}
