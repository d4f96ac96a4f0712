//! A bus that misbehaves by a seed: what a network may do to messages, for proving that nothing relies on it.

use std::sync::{Arc, Mutex, PoisonError};

use bongsu_types::Committed;

use crate::{Bus, BusReceiver, Ephemeral, EphemeralReceiver};

/// How often each fault happens, in percent of commits published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Vanishes, and nobody is told.
    pub drop_percent: u8,
    /// Comes twice.
    pub duplicate_percent: u8,
    /// Is held back and comes after the next one.
    pub reorder_percent: u8,
}

/// Publishes to another bus, dropping, doubling and reordering commits. The same seed does the same.
#[derive(Debug)]
pub struct FaultyBus {
    inner: Arc<dyn Bus>,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: u64,
    held: Option<Arc<Committed>>,
}

impl FaultyBus {
    /// Misbehaves on the way to `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Bus>, faults: Faults, seed: u64) -> Self {
        Self { inner, faults, state: Mutex::new(State { random: seed, held: None }) }
    }

    /// Publishes what is held back, if anything is.
    pub fn release(&self) {
        let held = self.state.lock().unwrap_or_else(PoisonError::into_inner).held.take();
        if let Some(committed) = held {
            self.inner.publish(committed);
        }
    }
}

impl Bus for FaultyBus {
    fn publish(&self, committed: Arc<Committed>) {
        let (copies, held) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.happens(self.faults.reorder_percent) && state.held.is_none() {
                state.held = Some(committed);
                return;
            }
            let copies = if state.happens(self.faults.drop_percent) {
                0
            } else if state.happens(self.faults.duplicate_percent) {
                2
            } else {
                1
            };
            (copies, state.held.take())
        };
        for _ in 0..copies {
            self.inner.publish(committed.clone());
        }
        if let Some(late) = held {
            self.inner.publish(late);
        }
    }

    fn publish_ephemeral(&self, ephemeral: Ephemeral) {
        self.inner.publish_ephemeral(ephemeral);
    }

    fn subscribe(&self) -> BusReceiver {
        self.inner.subscribe()
    }

    fn subscribe_ephemerals(&self) -> EphemeralReceiver {
        self.inner.subscribe_ephemerals()
    }
}

impl State {
    fn happens(&mut self, percent: u8) -> bool {
        self.next() % 100 < u64::from(percent)
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to choose faults by.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use bongsu_types::{CommitNo, Epoch};

    use super::*;
    use crate::{BusEvent, InProcessBus};

    const ALL: Faults = Faults { drop_percent: 20, duplicate_percent: 20, reorder_percent: 20 };

    async fn received(faults: Faults, seed: u64) -> Vec<u64> {
        let bus = FaultyBus::new(Arc::new(InProcessBus::new()), faults, seed);
        let mut receiver = bus.subscribe();
        for number in 1..=200 {
            bus.publish(Arc::new(Committed { epoch: Epoch(1), commit: CommitNo(number), facts: Vec::new() }));
        }
        bus.release();
        drop(bus);
        let mut numbers = Vec::new();
        while let Some(event) = receiver.recv().await {
            match event {
                BusEvent::Committed(committed) => numbers.push(committed.commit.0),
                BusEvent::Lost => panic!("the queue was long enough"),
            }
        }
        numbers
    }

    #[tokio::test]
    async fn commits_are_dropped_doubled_and_reordered_the_same_way_for_a_seed() {
        let numbers = received(ALL, 7).await;
        assert_eq!(numbers, received(ALL, 7).await);
        assert_ne!(numbers, received(ALL, 8).await);
        assert!((1..=200).any(|number| !numbers.contains(&number)), "none dropped");
        assert!(numbers.windows(2).any(|pair| pair[0] == pair[1]), "none doubled");
        assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]), "none reordered");
    }

    #[tokio::test]
    async fn without_faults_it_is_an_honest_bus() {
        let none = Faults { drop_percent: 0, duplicate_percent: 0, reorder_percent: 0 };
        assert_eq!(received(none, 1).await, (1..=200).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn reordering_alone_loses_nothing() {
        let reorder = Faults { drop_percent: 0, duplicate_percent: 0, reorder_percent: 50 };
        let mut numbers = received(reorder, 3).await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
    }
}
