//! Where and of what a figure was taken: without that it says nothing.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Characters of a commit that are shown.
const COMMIT_LENGTH: &str = "--short=12";

/// The build and the machine.
pub(super) struct Origin {
    commit: String,
    host: String,
    cpu: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
}

impl Origin {
    pub(super) fn here() -> Self {
        let kernel = read("/proc/sys/kernel/osrelease");
        Self {
            commit: commit(),
            host: read("/proc/sys/kernel/hostname"),
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: field("/proc/meminfo", "MemTotal").and_then(|total| kib(&total)).unwrap_or_default()
                / 1024,
            kernel: format!("{} {kernel}", std::env::consts::OS),
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        let Self { commit, cpu, cores, memory_mib, kernel, .. } = self;
        let build = if cfg!(debug_assertions) { " · a DEBUG build: its figures mean nothing" } else { "" };
        format!("commit {commit} · {cores} cores of {cpu} · {memory_mib} MiB · {kernel}{build}")
    }

    pub(super) fn json(&self) -> Value {
        let Self { commit, host, cpu, cores, memory_mib, kernel } = self;
        json!({
            "commit": commit,
            "debug_build": cfg!(debug_assertions),
            "host": {
                "name": host, "cpu": cpu, "cores": cores, "memory_mib": memory_mib, "kernel": kernel,
            },
        })
    }
}

/// What the build was told (`BONGSU_COMMIT`), else what the checkout says that the binary lies in.
fn commit() -> String {
    if let Some(commit) = option_env!("BONGSU_COMMIT") {
        return commit.to_owned();
    }
    let checkout = || {
        let binary = std::env::current_exe().ok()?;
        let folder = binary.parent()?;
        let commit = git(folder, &["rev-parse", COMMIT_LENGTH, "HEAD"])?;
        let is_changed = !git(folder, &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
        Some(if is_changed { format!("{commit} with changes") } else { commit })
    };
    checkout().unwrap_or_else(|| "unknown".to_owned())
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The value of the first line `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn kib(size: &str) -> Option<u64> {
    size.split_ascii_whitespace().next()?.parse().ok()
}
