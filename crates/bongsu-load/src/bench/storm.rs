//! `bench storm`: everybody loses the connection at once and comes back at once.
//!
//! Meanwhile messages are written to their rooms, which must reach everybody once and in order, and a group of others
//! stays connected and goes on talking: what the storm does to them is measured beside it.

mod comer;
mod control;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use self::comer::{Comer, Returns};
use self::control::Control;
use super::outcome::Meter;
use super::people::People;
use super::session::Online;
use super::{BenchError, Histogram, Outcome, Phase, Target};
use crate::random::Random;

/// Rooms of a user: the first page of the chat list tells all of them.
const ROOMS_EACH_MAX: usize = 200;

/// Who loses the connection, and who does not.
#[derive(Debug, Clone)]
pub struct StormOptions {
    /// Clients that are cut, each of its own user.
    pub clients: usize,
    /// Rooms of each user.
    pub rooms_each: usize,
    /// Members of a room.
    pub members: usize,
    /// Messages written while they come back, to as many rooms.
    pub missed: usize,
    /// Times everybody is cut.
    pub storms: usize,
    /// Members of the room that stays connected.
    pub control_members: usize,
    /// Messages a second in that room.
    pub control_per_s: f64,
    /// How long the control group is measured before the first storm, and rested after each.
    pub calm: Duration,
}

/// What a tick of the run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Rooms made.
    Rooms(u64),
    /// Clients connected.
    Clients(u64),
    /// The control group is measured.
    Calm,
    /// Storms that are over.
    Storms(u64),
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached, refuses, or does not take a client back.
pub async fn run(
    target: &Target,
    options: &StormOptions,
    mut on_progress: impl FnMut(Progress),
) -> Result<Outcome, BenchError> {
    check(options)?;
    let StormOptions { clients, rooms_each, members, .. } = *options;
    let people =
        People::settle(target, clients, rooms_each, members, |rooms| on_progress(Progress::Rooms(rooms)))
            .await?;
    let before = people.heads(target).await?;
    let control = Control::start(target, options).await?;
    let (mut online, _) = Online::open(target, clients, rooms_each, |clients| {
        on_progress(Progress::Clients(clients));
    })
    .await?;
    on_progress(Progress::Calm);
    let mut outcome = Outcome::default();
    control.take().await?;
    let meter = Meter::start(target);
    online.pass(options.calm, |_| {}).await?;
    let calm = control.take().await?;
    outcome.phases.push(meter.end("connected ones, before", "deliveries", calm.count(), calm));
    let mut storms = Storms::default();
    let missed = options.missed.min(people.rooms());
    for storm in 0..options.storms {
        online = storms.storm(target, online, &people, (missed, storm as u64 + 1)).await?;
        // What a message needs that was written during the storm belongs to it.
        storms.control.merge(&control.take().await?);
        let per_storm: usize = (0..missed).map(|room| people.members(room)).sum();
        let expected = (per_storm * (storm + 1)) as u64;
        // What is lost is told by the verdict.
        online.all_arrived(expected).await?;
        online.pass(options.calm, |_| {}).await?;
        control.take().await?;
        on_progress(Progress::Storms(storm as u64 + 1));
    }
    storms.tell(&mut outcome);
    outcome.report.merge(control.end().await?);
    let heads = people.heads(target).await?;
    let written = |room| if room < missed { options.storms as u64 } else { 0 };
    people.judge_heads(&before, &heads, written, &mut outcome.report);
    outcome.report.sent += (missed * options.storms) as u64;
    outcome.report.acked += (missed * options.storms) as u64;
    for session in online.cut().await? {
        session.judge(rooms_each, &heads, &mut outcome.report);
    }
    Ok(outcome)
}

fn check(options: &StormOptions) -> Result<(), BenchError> {
    let refused = |why: &str| Err(BenchError::Options(why.to_owned()));
    if options.clients == 0 || options.members == 0 || options.storms == 0 {
        return refused("there must be a client, a member of a room and a storm");
    }
    if !(1..=ROOMS_EACH_MAX).contains(&options.rooms_each) {
        return refused("each client is in 1 to 200 rooms: the first page of its chat list");
    }
    if options.control_members < 2 || !(0.1..=10_000.0).contains(&options.control_per_s) {
        return refused("the control group needs two members and 0.1 to 10000 messages a second");
    }
    Ok(())
}

/// What all storms gave.
#[derive(Default)]
struct Storms {
    /// One a storm, from the cut to the last answer to a hello.
    phases: Vec<Phase>,
    returns: Returns,
    control: Histogram,
}

impl Storms {
    /// Cuts everybody and waits until everybody is back. Messages are written to so many rooms meanwhile.
    async fn storm(
        &mut self,
        target: &Target,
        online: Online,
        people: &People,
        (missed, turn): (usize, u64),
    ) -> Result<Online, BenchError> {
        let ear = Arc::clone(&online.ear);
        let returns = Arc::new(Mutex::new(Returns::default()));
        let meter = Meter::start(target);
        let start = Instant::now();
        let mut coming = JoinSet::new();
        for session in online.cut().await? {
            let comer = Comer {
                target: target.clone(),
                ear: Arc::clone(&ear),
                returns: Arc::clone(&returns),
                start,
                random: Random::seeded(turn << 32 | coming.len() as u64),
            };
            coming.spawn(comer.come_back(session));
        }
        let mut back = Online::heard_by(ear);
        let all_back = async {
            while let Some(client) = coming.join_next().await {
                let (session, line) = client??;
                back.join(session, line);
            }
            Ok::<_, BenchError>(())
        };
        let (all_back, written) = tokio::join!(all_back, people.speak(target, missed, turn));
        all_back?;
        written?;
        let returns = std::mem::take(&mut *returns.lock().expect("no holder panics"));
        let count = returns.away.count();
        self.phases.push(meter.end(&format!("storm {turn}"), "hellos", count, returns.away.clone()));
        self.returns.merge(returns);
        Ok(back)
    }

    fn tell(self, outcome: &mut Outcome) {
        let Self { phases, returns, control } = self;
        let seconds = phases.iter().map(|phase| phase.elapsed).sum();
        let mut rates: Vec<f64> = phases.iter().map(Phase::rate).collect();
        rates.sort_by(f64::total_cmp);
        outcome.figures.push(("hellos a second, median of the storms".to_owned(), rates[rates.len() / 2]));
        let mut tried_again = |what: &str, times: u64| {
            outcome.figures.push((format!("{what} and tried again"), times as f64));
        };
        tried_again("connections that failed", returns.failed);
        tried_again("hellos refused for now", returns.refused);
        if let Some(before) = outcome.phases.first().map(|phase| phase.latency.quantile(0.99)) {
            let ratio = control.quantile(0.99).as_secs_f64() / before.as_secs_f64();
            outcome.figures.push(("connected ones, p99 during / before".to_owned(), ratio));
        }
        let part = |name: &str, unit, latency: Histogram| Phase {
            name: name.to_owned(),
            unit,
            count: latency.count(),
            elapsed: seconds,
            latency,
            peer: "server",
            server: None,
            load: None,
        };
        outcome.phases.push(part("connected ones, during", "deliveries", control));
        outcome.phases.extend(phases);
        outcome.phases.push(part("connection and upgrade", "connections", returns.connect));
        outcome.phases.push(part("hello to its answer", "hellos", returns.hello));
        outcome.report.merge(returns.report);
    }
}
