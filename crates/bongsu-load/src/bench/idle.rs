//! `bench idle`: what a session costs that only waits.
//!
//! Rooms first, then (on a server of the benchmark's own) a restart, so that memory used to make them is not counted;
//! then the sessions, then a time in which nothing happens but the keep-alive of the protocol, and in the end one
//! message to every room, which every session must get.

use std::time::Duration;

use super::outcome::Meter;
use super::people::People;
use super::session::Online;
use super::{BenchError, Outcome, Target, Usage};

/// Rooms of a user: the first page of the chat list tells all of them.
const ROOMS_EACH_MAX: usize = 200;

/// Who is online.
#[derive(Debug, Clone)]
pub struct IdleOptions {
    /// Sessions, each of its own user.
    pub sessions: usize,
    /// Rooms of each user.
    pub rooms_each: usize,
    /// Members of a room.
    pub members: usize,
    /// How long they are idle.
    pub measured: Duration,
}

/// What a tick of the run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Rooms made.
    Rooms(u64),
    /// Sessions opened.
    Sessions(u64),
    /// Time spent idle.
    Idle(Duration),
}

/// Makes the rooms.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn prepare(
    target: &Target,
    options: &IdleOptions,
    mut on_progress: impl FnMut(Progress),
) -> Result<People, BenchError> {
    let IdleOptions { sessions, rooms_each, members, .. } = *options;
    if sessions == 0 || members == 0 || !(1..=ROOMS_EACH_MAX).contains(&rooms_each) {
        return Err(BenchError::Options(
            "there must be a session, a member and 1 to 200 rooms each".to_owned(),
        ));
    }
    People::settle(target, sessions, rooms_each, members, |rooms| on_progress(Progress::Rooms(rooms))).await
}

/// Runs it. The server may have been started anew since [`prepare`].
///
/// # Errors
/// When the server cannot be reached, refuses, or ends a session.
pub async fn run(
    target: &Target,
    people: &People,
    options: &IdleOptions,
    mut on_progress: impl FnMut(Progress),
) -> Result<Outcome, BenchError> {
    let mut outcome = Outcome::default();
    let empty = rss_bytes(target);
    let meter = Meter::start(target);
    let (mut online, hellos) = Online::open(target, people.count(), people.rooms_each(), |sessions| {
        on_progress(Progress::Sessions(sessions));
    })
    .await?;
    outcome.phases.push(meter.end("connecting", "hellos", hellos.count(), hellos));
    let meter = Meter::start(target);
    online.pass(options.measured, |elapsed| on_progress(Progress::Idle(elapsed))).await?;
    let pings = online.ear.take_pings();
    outcome.phases.push(meter.end("idle", "pings answered", pings.count(), pings));
    if let (Some(empty), Some(full)) = (empty, rss_bytes(target)) {
        let each = full.saturating_sub(empty) as f64 / people.count() as f64;
        let mib = f64::from(1 << 20);
        outcome.figures.push(("RSS without sessions, MiB".to_owned(), empty as f64 / mib));
        outcome.figures.push(("RSS with all sessions, MiB".to_owned(), full as f64 / mib));
        outcome.figures.push(("RSS a session, KiB".to_owned(), each / 1024.0));
    }
    if let Some(phase) = outcome.phases.last()
        && let Some(server) = phase.server
    {
        let share = server.cores(phase.elapsed) * 100.0;
        outcome.figures.push(("CPU of the server while idle, % of a core".to_owned(), share));
    }
    judge(target, people, online, &mut outcome).await?;
    Ok(outcome)
}

/// One message to every room, which every session must get.
async fn judge(
    target: &Target,
    people: &People,
    mut online: Online,
    outcome: &mut Outcome,
) -> Result<(), BenchError> {
    let before = people.heads(target).await?;
    people.speak(target, people.rooms(), 1).await?;
    // What is lost is told by the verdict.
    online.all_arrived((people.count() * people.rooms_each()) as u64).await?;
    let heads = people.heads(target).await?;
    outcome.report.sent += before.len() as u64;
    outcome.report.acked += before.len() as u64;
    people.judge_heads(&before, &heads, |_| 1, &mut outcome.report);
    for session in online.cut().await? {
        session.judge(people.rooms_each(), &heads, &mut outcome.report);
    }
    Ok(())
}

fn rss_bytes(target: &Target) -> Option<u64> {
    Usage::of(Some(target.server_process?)).map(|usage| usage.rss_bytes)
}
