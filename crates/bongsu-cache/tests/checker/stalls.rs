//! A watch on the machine: while one of its cores stands still, as on a host that is busy with others, nothing that runs
//! on it is punctual, and no bound in seconds can hold. What it sees becomes known to the judge as a trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bongsu_cache::testing::History;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use tokio::time::Instant;

const TICK: Duration = Duration::from_millis(10);
/// A core that is this late stood still. Half of what a server may take to answer before it is given up.
const LATE: Duration = Duration::from_millis(250);
const THIS_THREAD: Pid = Pid::from_raw(0);

/// One thread on each core that sleeps and looks whether it was woken in time.
pub(crate) struct StallWatch {
    ends: Arc<AtomicBool>,
    cores: Vec<JoinHandle<Duration>>,
}

impl StallWatch {
    pub(crate) fn start(history: &Arc<History>) -> Self {
        let allowed = sched_getaffinity(THIS_THREAD).unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap());
        let watch = |core| {
            let (history, ends) = (Arc::clone(history), Arc::clone(&ends));
            std::thread::spawn(move || watch_core(core, &history, &ends))
        };
        Self { cores: cores.map(watch).collect(), ends }
    }

    /// How long each core stood still.
    pub(crate) fn end(self) -> Vec<Duration> {
        self.ends.store(true, Ordering::Relaxed);
        self.cores.into_iter().map(|core| core.join().unwrap()).collect()
    }
}

fn watch_core(core: usize, history: &History, ends: &AtomicBool) -> Duration {
    let mut only = CpuSet::new();
    only.set(core).unwrap();
    sched_setaffinity(THIS_THREAD, &only).unwrap();
    let mut stood_still = Duration::ZERO;
    while !ends.load(Ordering::Relaxed) {
        let before = Instant::now();
        std::thread::sleep(TICK);
        let took = before.elapsed();
        if took > TICK + LATE {
            history.trouble_was("a core stood still", before, before + took);
            stood_still += took;
        }
    }
    stood_still
}
