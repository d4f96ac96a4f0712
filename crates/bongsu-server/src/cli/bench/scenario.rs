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
use super::stolen::{self, Ticks};
use super::{print, runs};
use crate::cli::output::show;
use crate::serve::Signals;

/// Runs that are made for one that counts, at most.
const ATTEMPTS_FOR_A_RUN: usize = 10;

/// How it is told.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Run so many times, each on a server of its own, and print the median and the spread of every figure.
    #[arg(long, value_name = "N", default_value_t = 1)]
    runs: usize,
    /// On a virtual machine: make a run again if its host took more than this share of all cores meanwhile. After ten
    /// times --runs it ends with those that count.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0)]
    stolen_at_most: f64,
}

/// The runs that count.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) outcomes: Vec<Outcome>,
    /// Runs left out because the host took too much of the machine.
    pub(super) left_out: usize,
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
        ensure!((0.0..=100.0).contains(&self.stolen_at_most), "--stolen-at-most is 0 to 100 percent");
        // Before the runs: the commit is that of the binary which is measured.
        let origin = Origin::here();
        let measured = self.measured(measure, Ticks::now)?;
        show(&self.text(scenario, &origin, &measured))?;
        if measured.outcomes.iter().any(|outcome| !outcome.report.is_clean()) {
            bail!("the server did not keep its promises (see above): these figures do not count");
        }
        Ok(())
    }

    /// All runs. One that found a fault counts whatever the host did meanwhile.
    fn measured(
        &self,
        measure: impl Fn() -> Result<Outcome>,
        ticks: impl Fn() -> Option<Ticks>,
    ) -> Result<Measured> {
        let mut measured = Measured::default();
        for _ in 0..self.runs.saturating_mul(ATTEMPTS_FOR_A_RUN) {
            let run = measured.outcomes.len() + 1;
            if run > self.runs {
                break;
            }
            if self.runs > 1 {
                eprintln!("run {run} of {}", self.runs);
            }
            let before = ticks();
            let mut outcome = measure()?;
            let stolen = before.zip(ticks()).map(|(before, after)| after.stolen_since(before));
            outcome.figures.extend(stolen.map(|share| (stolen::FIGURE.to_owned(), share)));
            match stolen {
                Some(share) if share > self.stolen_at_most && outcome.report.is_clean() => {
                    eprintln!("  is made again: the host took {share:.1} % of all cores");
                    measured.left_out += 1;
                }
                _ => measured.outcomes.push(outcome),
            }
        }
        let Measured { outcomes, left_out } = &measured;
        ensure!(
            !outcomes.is_empty(),
            "the host took more than {} % of all cores in each of {left_out} runs: try at another time, or allow more \
             with --stolen-at-most",
            self.stolen_at_most
        );
        Ok(measured)
    }

    fn text(&self, scenario: &str, origin: &Origin, measured: &Measured) -> String {
        // What was left out is told with the medians, so those of one run too.
        let is_one = self.runs == 1 && measured.left_out == 0;
        match (self.json, measured.outcomes.as_slice()) {
            (false, [outcome]) if is_one => print::table(scenario, origin, outcome),
            (false, _) => runs::table(scenario, origin, measured),
            (true, [outcome]) if is_one => json(scenario, origin, print::json(outcome)),
            (true, _) => json(scenario, origin, runs::json(measured)),
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
    use std::cell::Cell;

    use bongsu_load::{Fault, Report};

    use super::*;

    fn telling(runs: usize, stolen_at_most: f64) -> Telling {
        Telling { json: true, runs, stolen_at_most }
    }

    /// Readings around runs in which the host took these shares.
    fn host(percents: &'static [u64]) -> impl Fn() -> Option<Ticks> {
        let readings = Cell::new(0_usize);
        move || {
            let reading = readings.replace(readings.get() + 1);
            let stolen: u64 = percents[..reading.div_ceil(2)].iter().sum();
            Ticks::parse(&format!("cpu {} 0 0 0 0 0 0 {stolen}", reading.div_ceil(2) * 100 - stolen as usize))
        }
    }

    #[test]
    fn a_run_with_any_fault_fails_and_its_figures_are_printed_all_the_same() {
        for fault in [Fault::Lost, Fault::Duplicated, Fault::Reordered, Fault::Altered, Fault::UnreadWrong] {
            let telling = telling(2, 100.0);
            let measure = || {
                let mut report = Report::default();
                report.fault(fault, || "one".to_owned());
                Ok(Outcome { report, ..Outcome::default() })
            };
            let measured = telling.measured(measure, host(&[0, 0])).unwrap();
            let told = telling.text("send", &Origin::here(), &measured);
            assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["correct"], false);
            let error = telling.tell("send", measure).unwrap_err();
            assert!(error.to_string().contains("did not keep its promises"), "{error}");
        }
    }

    #[test]
    fn a_run_that_the_host_disturbed_is_made_again() {
        let telling = telling(2, 10.0);
        let measured = telling.measured(|| Ok(Outcome::default()), host(&[50, 10, 11, 3])).unwrap();
        let stolen: Vec<f64> = measured.outcomes.iter().map(|outcome| outcome.figures[0].1).collect();
        assert_eq!((stolen, measured.left_out), (vec![10.0, 3.0], 2));
        let told: Value = serde_json::from_str(&telling.text("send", &Origin::here(), &measured)).unwrap();
        assert_eq!(told["left_out"], 2);
    }

    #[test]
    fn one_run_says_too_how_many_were_left_out() {
        let telling = telling(1, 10.0);
        let measured = telling.measured(|| Ok(Outcome::default()), host(&[50, 3])).unwrap();
        let told: Value = serde_json::from_str(&telling.text("send", &Origin::here(), &measured)).unwrap();
        assert_eq!(told["left_out"], 1);
    }

    #[test]
    fn a_host_that_disturbs_every_run_ends_it_with_advice() {
        let error = telling(1, 10.0).measured(|| Ok(Outcome::default()), host(&[90; 10])).unwrap_err();
        assert!(error.to_string().contains("--stolen-at-most"), "{error}");
    }

    #[test]
    fn a_run_with_a_fault_counts_whatever_the_host_did() {
        let measure = || {
            let mut report = Report::default();
            report.fault(Fault::Lost, || "one".to_owned());
            Ok(Outcome { report, ..Outcome::default() })
        };
        let measured = telling(1, 10.0).measured(measure, host(&[90])).unwrap();
        assert_eq!((measured.outcomes.len(), measured.left_out), (1, 0));
    }
}
