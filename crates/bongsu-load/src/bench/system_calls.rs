//! System calls of the server, counted by `perf`: the kernel itself counts them for nobody.
//!
//! `/proc/PID/io` counts reads and writes of files only, not of sockets, so it would mislead. `perf` counts every
//! call, which makes each a little slower: that is why it has to be asked for.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::STALL;

/// How often `perf` tells its count, milliseconds: so much is a count behind.
const TOLD_EVERY_MS: u64 = 100;

/// The event of every system call.
const EVENT: &str = "raw_syscalls:sys_enter";

/// Counts the system calls of one process as long as it lives.
#[derive(Debug)]
pub struct SystemCalls {
    count: Arc<AtomicU64>,
    _perf: Child,
    _reader: AbortOnDropHandle<()>,
}

impl SystemCalls {
    /// Begins to count.
    ///
    /// # Errors
    /// When `perf` is not installed, or may not count.
    pub async fn of(process: u32) -> io::Result<Self> {
        let mut perf = Command::new("perf")
            .args([
                "stat",
                "-x",
                ",",
                "-e",
                EVENT,
                "-I",
                &TOLD_EVERY_MS.to_string(),
                "-p",
                &process.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stderr = perf.stderr.take().ok_or_else(|| io::Error::other("perf has no stderr"))?;
        let mut lines = BufReader::new(stderr).lines();
        let count = Arc::new(AtomicU64::new(0));
        loop {
            let line =
                timeout(STALL, lines.next_line()).await.map_err(|_| io::Error::other("perf is silent"))??;
            let Some(line) = line else { return Err(io::Error::other("perf ended")) };
            match calls(&line) {
                Some(calls) => {
                    count.fetch_add(calls, Ordering::Relaxed);
                    break;
                }
                None if line.contains(EVENT) || line.starts_with('#') || line.trim().is_empty() => {}
                None => return Err(io::Error::other(format!("perf says: {line}"))),
            }
        }
        let sum = Arc::clone(&count);
        let reader = tokio::spawn(async move {
            // It ends with the server, and with that the count.
            while let Ok(Some(line)) = lines.next_line().await {
                sum.fetch_add(calls(&line).unwrap_or_default(), Ordering::Relaxed);
            }
        });
        Ok(Self { count, _perf: perf, _reader: AbortOnDropHandle::new(reader) })
    }

    /// Calls until now.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// The count in a line `seconds,count,unit,event,...`.
fn calls(line: &str) -> Option<u64> {
    let mut fields = line.split(',');
    fields.next()?.trim().parse::<f64>().ok()?;
    fields.next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_perf_is_a_time_and_a_count() {
        assert_eq!(calls("     0.100123,2917,,raw_syscalls:sys_enter,100000000,100.00,,"), Some(2917));
        assert_eq!(calls("     0.100123,<not counted>,,raw_syscalls:sys_enter,0,100.00,,"), None);
        assert_eq!(calls("Error: No permission"), None);
    }
}
