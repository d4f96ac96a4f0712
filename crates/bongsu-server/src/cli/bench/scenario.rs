//! What all scenarios share on the command line: where they run, for how long, and how they tell.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bongsu_load::bench::{BenchError, Outcome};
use clap::Args;

use super::deployment::{Deployed, Deployment};
use super::print;

/// How it is told.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
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
        let is_time = |seconds: f64| seconds.is_finite() && (0.0..=86_400.0).contains(&seconds);
        ensure!(is_time(self.seconds) && is_time(self.warm_up), "--seconds and --warm-up are 0 to 86400");
        Ok((Duration::from_secs_f64(self.seconds), Duration::from_secs_f64(self.warm_up)))
    }
}

impl Telling {
    /// Prints what was found; a run that found a fault fails.
    pub(super) fn tell(&self, scenario: &str, outcome: &Outcome) -> Result<()> {
        if self.json {
            println!("{}", print::json(scenario, outcome));
        } else {
            print::table(scenario, outcome);
        }
        if !outcome.report.is_clean() {
            bail!("the server did not keep its promises (see above): these figures do not count");
        }
        Ok(())
    }
}

/// Runs a scenario on a server, on one thread, so that the load side takes a core at most.
pub(super) fn run<F>(deployment: &Deployment, scenario: impl FnOnce(Deployed) -> F) -> Result<Outcome>
where
    F: Future<Output = (Deployed, Result<Outcome, BenchError>)>,
{
    runtime()?.block_on(async {
        let (deployed, outcome) = scenario(deployment.open().await?).await;
        deployed.close().await?;
        Ok(outcome?)
    })
}

/// One thread.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
