//! `bench replay`: a real chat log, played by its authors, measured as the other scenarios are.

use super::outcome::Meter;
use super::{BenchError, Histogram, Outcome, Target};
use crate::replay::{LogRoom, ReplayOptions, Summary, replay};

/// Plays the rooms on the target. `on_progress` is told the messages replied to.
///
/// # Errors
/// When the server cannot be reached, refuses, or loses its clients for good.
pub async fn run(
    target: &Target,
    rooms: Vec<LogRoom>,
    options: ReplayOptions,
    mut on_progress: impl FnMut(u64),
) -> Result<Outcome, BenchError> {
    let meter = Meter::start(target);
    let summary = replay(rooms, options, |now| on_progress(now.messages)).await?;
    let Summary { rooms, users, sessions, broken_sessions, room_resets, .. } = summary;
    let sends = meter.end("sends, each after its answer", "sends", summary.messages, summary.latency);
    let mut deliveries = sends.clone();
    (deliveries.name, deliveries.unit) = ("deliveries".to_owned(), "deliveries");
    (deliveries.count, deliveries.latency) = (summary.report.delivered, Histogram::default());
    (deliveries.server, deliveries.load) = (None, None);
    let counts = [
        ("rooms", rooms),
        ("users", users),
        ("sessions opened", sessions),
        ("sessions broken", broken_sessions),
        ("room resets", room_resets),
    ];
    let figures = counts.into_iter().map(|(name, count)| (name.to_owned(), count as f64)).collect();
    Ok(Outcome { phases: vec![sends, deliveries], figures, report: summary.report })
}
