//! The figures of a scenario as a table for people and as JSON for what comes after.

use std::time::Duration;

use bongsu_load::bench::{Outcome, Phase, Usage};
use serde_json::{Value, json};

/// Where and of what a figure was taken: without them it says nothing.
struct Origin {
    commit: &'static str,
    cores: usize,
    kernel: String,
}

impl Origin {
    fn here() -> Self {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            commit: option_env!("BONGSU_COMMIT").unwrap_or("unknown"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim()),
        }
    }
}

/// Prints the table.
pub(super) fn table(scenario: &str, outcome: &Outcome) {
    let Origin { commit, cores, kernel } = Origin::here();
    let build = if cfg!(debug_assertions) { ", a DEBUG build: its figures mean nothing" } else { "" };
    println!("bongsu bench {scenario} · commit {commit} · {cores} cores · {kernel}{build}\n");
    println!(
        "{:<28}{:>12}{:>9}{:>12}{:>10}{:>10}{:>10}{:>10}",
        "", "count", "seconds", "per second", "p50 ms", "p99 ms", "p999 ms", "max ms"
    );
    for phase in &outcome.phases {
        row(phase);
    }
    println!();
    for phase in &outcome.phases {
        resources(phase);
    }
    for (name, value) in &outcome.figures {
        println!("{name:<44}{value:>14.3}");
    }
    println!("\n{}", outcome.report);
}

fn row(phase: &Phase) {
    print!("{:<28}{:>12}{:>9.1}{:>12.0}", phase.name, phase.count, phase.elapsed.as_secs_f64(), phase.rate());
    if phase.latency.count() > 0 {
        let latency = &phase.latency;
        let all = [latency.quantile(0.5), latency.quantile(0.99), latency.quantile(0.999), latency.max()];
        for duration in all {
            print!("{:>10.3}", milliseconds(duration));
        }
    }
    println!("  {}", phase.unit);
}

fn resources(phase: &Phase) {
    let used = |who: &str, usage: Option<Usage>| {
        if let Some(usage) = usage {
            println!(
                "{:<28}{who:<8}{:>6.2} cores{:>9.1} CPU s{:>9.1} MiB RSS{:>12} voluntary switches",
                phase.name,
                usage.cores(phase.elapsed),
                usage.cpu.as_secs_f64(),
                usage.rss_bytes as f64 / f64::from(1 << 20),
                usage.voluntary_switches,
            );
        }
    };
    used(phase.peer, phase.server);
    used("load", phase.load);
    if phase.is_load_bound() {
        println!(
            "{:<28}the load side used a whole core: the server may be faster than this says",
            phase.name
        );
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The same as one JSON object.
pub(super) fn json(scenario: &str, outcome: &Outcome) -> Value {
    let Origin { commit, cores, kernel } = Origin::here();
    let report = &outcome.report;
    json!({
        "scenario": scenario,
        "commit": commit,
        "debug_build": cfg!(debug_assertions),
        "host": { "cores": cores, "kernel": kernel },
        "phases": outcome.phases.iter().map(phase_json).collect::<Vec<_>>(),
        "figures": outcome.figures.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "correct": report.is_clean(),
        "faults": {
            "lost": report.lost,
            "duplicated": report.duplicated,
            "reordered": report.reordered,
            "altered": report.altered,
            "unread_wrong": report.unread_wrong,
            "examples": report.examples,
        },
        "checked": { "sent": report.sent, "acked": report.acked, "delivered": report.delivered },
    })
}

fn phase_json(phase: &Phase) -> Value {
    let latency = &phase.latency;
    let ms = |part| milliseconds(latency.quantile(part));
    let usage = |usage: Option<Usage>| {
        usage.map(|usage| {
            json!({
                "cpu_s": usage.cpu.as_secs_f64(),
                "cores": usage.cores(phase.elapsed),
                "rss_bytes": usage.rss_bytes,
                "voluntary_switches": usage.voluntary_switches,
            })
        })
    };
    json!({
        "name": phase.name,
        "unit": phase.unit,
        "count": phase.count,
        "seconds": phase.elapsed.as_secs_f64(),
        "per_second": phase.rate(),
        "latency_ms": (latency.count() > 0).then(|| json!({
            "p50": ms(0.5), "p99": ms(0.99), "p999": ms(0.999), "max": milliseconds(latency.max()),
        })),
        phase.peer: usage(phase.server),
        "load": usage(phase.load),
        "load_bound": phase.is_load_bound(),
    })
}
