//! What a process used, as the kernel counts it.

use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: 100 on every Linux this runs on.
const TICKS_PER_S: u64 = 100;

/// Counters of a process since its start. All zero where the kernel tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time on a core, in user and kernel together.
    pub cpu: Duration,
    /// Memory that is in RAM now.
    pub rss_bytes: u64,
    /// Times a thread waited, all living threads together.
    pub voluntary_switches: u64,
    /// Times a thread was taken off its core.
    pub involuntary_switches: u64,
    /// System calls, where somebody counts them.
    pub system_calls: Option<u64>,
}

impl Usage {
    /// Of a process, or of the own one; `None` where there is no /proc, or no such process.
    #[must_use]
    pub fn of(process: Option<u32>) -> Option<Self> {
        let root = process.map_or_else(|| "/proc/self".to_owned(), |id| format!("/proc/{id}"));
        let stat = std::fs::read_to_string(format!("{root}/stat")).ok()?;
        let status = std::fs::read_to_string(format!("{root}/status")).ok()?;
        let (mut voluntary_switches, mut involuntary_switches) = (0, 0);
        for thread in std::fs::read_dir(format!("{root}/task")).ok()?.flatten() {
            // A thread may end between the listing and the look at it.
            let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            voluntary_switches += field(&status, "voluntary_ctxt_switches:").unwrap_or_default();
            involuntary_switches += field(&status, "nonvoluntary_ctxt_switches:").unwrap_or_default();
        }
        Some(Self {
            cpu: cpu(&stat)?,
            rss_bytes: field(&status, "VmRSS:").unwrap_or_default() * 1024,
            voluntary_switches,
            involuntary_switches,
            system_calls: None,
        })
    }

    /// What was used since an earlier moment; memory is what it is now.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            rss_bytes: self.rss_bytes,
            voluntary_switches: self.voluntary_switches.saturating_sub(earlier.voluntary_switches),
            involuntary_switches: self.involuntary_switches.saturating_sub(earlier.involuntary_switches),
            system_calls: self
                .system_calls
                .zip(earlier.system_calls)
                .map(|(now, then)| now.saturating_sub(then)),
        }
    }

    /// Cores kept busy over a time.
    #[must_use]
    pub fn cores(&self, elapsed: Duration) -> f64 {
        self.cpu.as_secs_f64() / elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Fields 14 and 15 of `stat`. The name before them may hold anything, so they are counted after its bracket.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + kernel) * 1000 / TICKS_PER_S))
}

/// The number of a line `name   number unit`.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts_are_read_as_the_kernel_writes_them() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 100";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        let status = "Name:\tbongsu\nVmRSS:\t  2048 kB\nvoluntary_ctxt_switches:\t12\n";
        assert_eq!(field(status, "VmRSS:"), Some(2048));
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Some(12));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn a_difference_keeps_the_memory_of_now() {
        let usage = |seconds, rss_bytes, voluntary_switches| Usage {
            cpu: Duration::from_secs(seconds),
            rss_bytes,
            voluntary_switches,
            ..Usage::default()
        };
        let (start, end) = (usage(1, 10, 5), usage(3, 30, 9));
        let used = end.since(&start);
        assert_eq!((used.rss_bytes, used.voluntary_switches), (30, 4));
        assert!((used.cores(Duration::from_secs(4)) - 0.5).abs() < 1e-9);
    }
}
