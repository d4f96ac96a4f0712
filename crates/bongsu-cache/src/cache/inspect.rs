//! What the tiers hold of an entry now, without asking the source or changing anything.

use super::Cache;
use super::fetch::{Fetch, InShared};
use crate::envelope::Version;
use crate::l1::Look;
use crate::metrics::Tier;
use crate::model::{Cached, IdText};

/// What a tier holds of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) tier: Tier,
    /// Whether it says that the thing exists.
    pub(crate) exists: bool,
    pub(crate) version: Option<Version>,
}

impl<T: Cached> Cache<T> {
    /// What the tiers would answer with; a tier that has nothing to answer with is left out.
    pub(crate) async fn sights(&self, id: &T::Id) -> Vec<Sight> {
        let text = IdText::of(id);
        let hash = self.model().hash(&text);
        let ticket = self.core().l1.ticket(hash, &self.model().generation);
        let mut sights = Vec::with_capacity(2);
        if let Look::Fresh(entry) | Look::Early(entry) = self.look(hash) {
            sights.push(Sight { tier: Tier::L1, exists: entry.value.is_some(), version: entry.version });
        }
        if let InShared::Found(held) = Fetch::new(self, &text, hash, ticket).read_shared().await {
            sights.push(Sight { tier: Tier::L2, exists: held.value.is_some(), version: held.version });
        }
        sights
    }
}
