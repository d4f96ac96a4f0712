//! The processor time that a host took from this virtual machine: what was measured meanwhile is the host, not Bongsu.

/// What it is called among the figures of a run.
pub(super) const FIGURE: &str = "taken by the host, % of all cores";

/// Time of all cores since the machine started, in the kernel's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// `None` where the kernel does not tell.
    pub(super) fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line of proc_stat(5): `cpu`, then user, nice, system, idle, iowait, irq, softirq, steal. What comes
    /// after them is part of user and nice.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.lines().next()?.split_ascii_whitespace();
        if fields.next()? != "cpu" {
            return None;
        }
        let ticks: Vec<u64> = fields.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        let stolen = *ticks.get(7)?;
        Some(Self { all: ticks.iter().sum(), stolen })
    }

    /// The share that was taken between `before` and these, in percent.
    pub(super) fn stolen_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        100.0 * self.stolen.saturating_sub(before.stolen) as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_all_cores_and_guests_count_once() {
        let before = Ticks::parse("cpu  100 0 50 800 0 0 0 50 90 0\ncpu0 1 2 3").unwrap();
        let after = Ticks::parse("cpu  150 10 60 820 5 0 5 150 99 0\n").unwrap();
        assert_eq!(after.stolen_since(before), 50.0);
        assert_eq!(before.stolen_since(before), 0.0);
    }

    #[test]
    fn what_is_no_such_line_tells_nothing() {
        for text in ["", "cpu", "cpu 1 2 3 4 5 6 7", "cpu a b c d e f g h", "intr 1 2 3 4 5 6 7 8"] {
            assert_eq!(Ticks::parse(text), None, "{text}");
        }
    }
}
