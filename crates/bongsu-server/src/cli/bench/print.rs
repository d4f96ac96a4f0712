//! The figures of a run as a table for people and as JSON for what comes after.

use std::fmt::Write;
use std::time::Duration;

use bongsu_load::bench::{Outcome, Phase, Usage};
use serde_json::{Value, json};

use super::origin::Origin;

/// The latencies that are told: name and part.
pub(super) const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)];

/// The table.
pub(super) fn table(scenario: &str, origin: &Origin, outcome: &Outcome) -> String {
    let mut text = format!("bongsu bench {scenario} · {}\n\n", origin.line());
    told(
        &mut text,
        format_args!(
            "{:<36}{:>12}{:>9}{:>12}{:>10}{:>10}{:>10}{:>10}",
            "", "count", "seconds", "per second", "p50 ms", "p99 ms", "p999 ms", "max ms"
        ),
    );
    for phase in &outcome.phases {
        row(&mut text, phase);
    }
    resources(&mut text, outcome);
    text.push('\n');
    for (name, value) in &outcome.figures {
        told(&mut text, format_args!("{name:<60}{value:>14.3}"));
    }
    told(&mut text, format_args!("\n{}", outcome.report));
    text
}

/// Adds a line.
fn told(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes all");
    text.push('\n');
}

fn row(text: &mut String, phase: &Phase) {
    let latency = &phase.latency;
    let cell = |duration| {
        if latency.count() > 0 { format!("{:>10.3}", milliseconds(duration)) } else { " ".repeat(10) }
    };
    let [p50, p99, p999] = QUANTILES.map(|(_, part)| cell(latency.quantile(part)));
    told(
        text,
        format_args!(
            "{:<36}{:>12}{:>9.1}{:>12.0}{p50}{p99}{p999}{}  {}",
            phase.name,
            phase.count,
            phase.elapsed.as_secs_f64(),
            phase.rate(),
            cell(latency.max()),
            phase.unit
        ),
    );
}

/// What the processes used, and where this side was what was measured.
fn resources(text: &mut String, outcome: &Outcome) {
    told(
        text,
        format_args!(
            "\n{:<36}{:<8}{:>7}{:>9}{:>10}{:>14}{:>12}{:>14}",
            "", "process", "cores", "CPU s", "RSS MiB", "system calls", "waits", "preempted"
        ),
    );
    for phase in &outcome.phases {
        used(text, phase, phase.peer, phase.server);
        used(text, phase, "load", phase.load);
        if phase.is_load_bound() {
            told(
                text,
                format_args!(
                    "{:<36}THE LOAD SIDE WAS THE BOTTLENECK: it used most of a core; the server may be faster",
                    phase.name
                ),
            );
        }
    }
    if !outcome.phases.iter().any(|phase| phase.server.is_some_and(|server| server.system_calls.is_some())) {
        told(
            text,
            format_args!("system calls: n/a, the kernel counts them for nobody; --syscalls has perf count"),
        );
    }
}

fn used(text: &mut String, phase: &Phase, who: &str, usage: Option<Usage>) {
    let Some(usage) = usage else { return };
    let calls = usage.system_calls.map_or("n/a".to_owned(), |calls| calls.to_string());
    told(
        text,
        format_args!(
            "{:<36}{who:<8}{:>7.2}{:>9.1}{:>10.1}{calls:>14}{:>12}{:>14}",
            phase.name,
            usage.cores(phase.elapsed),
            usage.cpu.as_secs_f64(),
            usage.rss_bytes as f64 / f64::from(1 << 20),
            usage.voluntary_switches,
            usage.involuntary_switches,
        ),
    );
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The same as one JSON object.
pub(super) fn json(outcome: &Outcome) -> Value {
    let report = &outcome.report;
    json!({
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
        "checked": {
            "sent": report.sent,
            "acked": report.acked,
            "delivered": report.delivered,
            "unread": report.unread_checked,
        },
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
                "involuntary_switches": usage.involuntary_switches,
                "system_calls": usage.system_calls,
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
