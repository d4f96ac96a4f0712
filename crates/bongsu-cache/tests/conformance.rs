//! The conformance suites over the tiers in memory, on a clock that only moves when everybody waits.

mod l2 {
    use std::sync::Arc;

    use async_trait::async_trait;
    use bongsu_cache::contract::{Key, L2};
    use bongsu_cache::memory::MemoryL2;
    use bongsu_cache::testing::conformance::TierUnderTest;
    use bongsu_cache::testing::{FaultyL2, L2Faults};

    /// One server; a process of its own is a clone.
    struct InMemory(MemoryL2);

    #[async_trait]
    impl TierUnderTest for InMemory {
        async fn open(&self) -> Arc<dyn L2> {
            Arc::new(self.0.clone())
        }

        async fn restart(&self, _: &Key) {
            self.0.restart();
        }

        async fn flush(&self, _: &Key) {
            self.0.flush();
        }

        async fn hang(&self, _: &Key) {
            self.0.set_reachable(false);
        }

        async fn resume(&self, _: &Key) {
            self.0.set_reachable(true);
        }

        fn are_apart(&self, _: &Key, _: &Key) -> bool {
            false
        }
    }

    bongsu_cache::l2_conformance!((start_paused = true) Box::new(InMemory(MemoryL2::new())));

    mod behind_a_decorator {
        use super::*;

        /// A server whose slots fail one by one.
        struct Cut(MemoryL2, FaultyL2);

        #[async_trait]
        impl TierUnderTest for Cut {
            async fn open(&self) -> Arc<dyn L2> {
                Arc::new(self.1.clone())
            }

            async fn restart(&self, _: &Key) {
                self.0.restart();
            }

            async fn flush(&self, _: &Key) {
                self.0.flush();
            }

            async fn hang(&self, key: &Key) {
                self.1.cut_slot(key.slot());
            }

            async fn resume(&self, _: &Key) {
                self.1.heal();
            }

            fn are_apart(&self, one: &Key, other: &Key) -> bool {
                one.slot() != other.slot()
            }
        }

        bongsu_cache::l2_conformance!((start_paused = true) {
            let memory = MemoryL2::new();
            let faulty = FaultyL2::new(Arc::new(memory.clone()), 1);
            // Slow now and then, which changes nothing of what is promised.
            let delay = std::time::Duration::from_millis(3);
            faulty.set(L2Faults { delayed: 300, delay, ..L2Faults::default() });
            Box::new(Cut(memory, faulty))
        });
    }
}

mod backplane {
    use std::sync::Arc;

    use async_trait::async_trait;
    use bongsu_cache::contract::{Backplane, Channel};
    use bongsu_cache::memory::MemoryBackplane;
    use bongsu_cache::testing::LossyBackplane;
    use bongsu_cache::testing::conformance::BackplaneUnderTest;

    struct InMemory(MemoryBackplane);

    #[async_trait]
    impl BackplaneUnderTest for InMemory {
        async fn open(&self) -> Arc<dyn Backplane> {
            Arc::new(self.0.clone())
        }

        async fn break_connections(&self) {
            Channel::all().for_each(|channel| self.0.interrupt(channel));
        }
    }

    bongsu_cache::backplane_conformance!((start_paused = true) Box::new(InMemory(MemoryBackplane::new())));

    mod behind_a_decorator {
        use super::*;

        /// A decorator that is told to fail nothing keeps every promise.
        struct Decorated(MemoryBackplane);

        #[async_trait]
        impl BackplaneUnderTest for Decorated {
            async fn open(&self) -> Arc<dyn Backplane> {
                Arc::new(LossyBackplane::new(Arc::new(self.0.clone()), 1))
            }

            async fn break_connections(&self) {
                Channel::all().for_each(|channel| self.0.interrupt(channel));
            }
        }

        bongsu_cache::backplane_conformance!((start_paused = true) Box::new(Decorated(MemoryBackplane::new())));
    }
}

/// A case that nobody runs proves nothing.
#[test]
fn every_case_that_is_written_is_in_a_suite() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/conformance");
    let mut written = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        written += source.matches("\npub async fn ").count();
    }
    assert_eq!(l2::CASES.len() + backplane::CASES.len(), written);
}
