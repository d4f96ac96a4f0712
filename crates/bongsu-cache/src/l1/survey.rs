//! The tickets of all entries at one moment, for work that cannot name its entries beforehand.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::gate::Gate;
use super::{L1, Proof, Ticket, channel_of};

/// Tickets of one model's entries, all from before it was made.
#[derive(Debug)]
pub(crate) struct Survey {
    stripes: Box<[u64]>,
    channels: Box<[u64]>,
    model: u64,
}

impl L1 {
    /// The tickets of a model's entries now; `generation` is the model's.
    pub(crate) fn survey(&self, generation: &AtomicU64) -> Survey {
        Survey {
            stripes: self.gate.sample_all(),
            channels: self.channels.iter().map(|part| part.proof.load(Ordering::Acquire)).collect(),
            model: generation.load(Ordering::Acquire),
        }
    }

    /// Whether what was read after the survey cannot be outdated: the entry was not invalidated since, and this process
    /// would have heard of it.
    pub(crate) fn still_holds(&self, survey: &Survey, hash: u128, generation: &AtomicU64) -> bool {
        let heard = self.is_live(channel_of(hash), Instant::now());
        heard && self.ticket(hash, generation) == survey.ticket(hash)
    }
}

impl Survey {
    fn ticket(&self, hash: u128) -> Ticket {
        let channel = usize::from(channel_of(hash).index());
        Ticket {
            stripe: Gate::sample_of(&self.stripes, hash),
            proof: Proof { channel: self.channels[channel], model: self.model },
        }
    }
}
