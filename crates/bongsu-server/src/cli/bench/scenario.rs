//! What all scenarios share on the command line: where they run, for how long, how often, and how they tell.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bongsu_load::bench::Outcome;
use clap::Args;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::deployment::{Deployed, Deployment};
use super::origin::Origin;
use super::{print, runs};
use crate::cli::output::show;
use crate::serve::Signals;

/// How it is told.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Run so many times, each on a server of its own, and print the median and the spread of every figure.
    #[arg(long, value_name = "N", default_value_t = 1)]
    runs: usize,
}

/// How long each phase takes.
#[derive(Debug, Args)]
pub(super) struct Times {
    /// Seconds measured, for each phase.
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    seconds: f64,
    /// Seconds before that, not measured.
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    warm_up: f64,
}

impl Times {
    /// Measured, and before it.
    pub(super) fn durations(&self) -> Result<(Duration, Duration)> {
        Ok((time("--seconds", self.seconds)?, time("--warm-up", self.warm_up)?))
    }
}

impl Telling {
    /// Measures and prints what was found; a run that found a fault fails.
    pub(super) fn tell(&self, scenario: &str, measure: impl Fn() -> Result<Outcome>) -> Result<()> {
        ensure!(self.runs > 0, "--runs must be at least 1");
        // Before the runs: the commit is that of the binary which is measured.
        let origin = Origin::here();
        let mut outcomes = Vec::with_capacity(self.runs);
        for run in 1..=self.runs {
            if self.runs > 1 {
                eprintln!("run {run} of {}", self.runs);
            }
            outcomes.push(measure()?);
        }
        show(&self.text(scenario, &origin, &outcomes))?;
        if outcomes.iter().any(|outcome| !outcome.report.is_clean()) {
            bail!("the server did not keep its promises (see above): these figures do not count");
        }
        Ok(())
    }

    fn text(&self, scenario: &str, origin: &Origin, outcomes: &[Outcome]) -> String {
        match (self.json, outcomes) {
            (false, [outcome]) => print::table(scenario, origin, outcome),
            (false, _) => runs::table(scenario, origin, outcomes),
            (true, [outcome]) => json(scenario, origin, print::json(outcome)),
            (true, _) => json(scenario, origin, runs::json(outcomes)),
        }
    }
}

/// One line of JSON: what it is about, and the figures.
fn json(scenario: &str, origin: &Origin, figures: Value) -> String {
    let mut all = origin.json();
    all["scenario"] = scenario.into();
    if let (Some(all), Value::Object(figures)) = (all.as_object_mut(), figures) {
        all.extend(figures);
    }
    format!("{all}\n")
}

/// A time of an option in seconds.
pub(super) fn time(option: &str, seconds: f64) -> Result<Duration> {
    ensure!((0.0..=86_400.0).contains(&seconds), "{option} is 0 to 86400");
    Ok(Duration::from_secs_f64(seconds))
}

/// Runs a scenario on a server, on one thread, so that the load side takes a core at most.
pub(super) fn run<F, E>(deployment: &Deployment, scenario: impl FnOnce(Deployed) -> F) -> Result<Outcome>
where
    F: Future<Output = (Deployed, Result<Outcome, E>)>,
    E: Into<anyhow::Error>,
{
    run_on(&runtime()?, deployment, scenario)
}

/// Runs a scenario on a server, on a runtime of the caller's choice.
pub(super) fn run_on<F, E>(
    runtime: &Runtime,
    deployment: &Deployment,
    scenario: impl FnOnce(Deployed) -> F,
) -> Result<Outcome>
where
    F: Future<Output = (Deployed, Result<Outcome, E>)>,
    E: Into<anyhow::Error>,
{
    runtime.block_on(async {
        let mut signals = Signals::take()?;
        let measured = async {
            let (deployed, outcome) = scenario(deployment.open().await?).await;
            deployed.close().await?;
            outcome.map_err(Into::into)
        };
        tokio::select! {
            outcome = measured => outcome,
            // What is dropped here takes its server and its directory with it.
            name = signals.next() => bail!("ended by {name}: the figures are incomplete and not told"),
        }
    })
}

/// One thread.
pub(super) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use bongsu_load::{Fault, Report};

    use super::*;

    #[test]
    fn a_run_with_any_fault_fails_and_its_figures_are_printed_all_the_same() {
        for fault in [Fault::Lost, Fault::Duplicated, Fault::Reordered, Fault::Altered, Fault::UnreadWrong] {
            let telling = Telling { json: true, runs: 2 };
            let measure = || {
                let mut report = Report::default();
                report.fault(fault, || "one".to_owned());
                Ok(Outcome { report, ..Outcome::default() })
            };
            let told = telling.text("send", &Origin::here(), &[measure().unwrap(), measure().unwrap()]);
            assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["correct"], false);
            let error = telling.tell("send", measure).unwrap_err();
            assert!(error.to_string().contains("did not keep its promises"), "{error}");
        }
    }
}
