//! A scenario run several times: the median of each figure, and how far the runs lie apart.
//!
//! On a machine that others use too, one run says little; what is published is a median of at least five.

use bongsu_load::bench::{Outcome, Phase};
use serde_json::{Map, Value, json};

use super::origin::Origin;
use super::print::{self, QUANTILES, milliseconds};
use super::scenario::Measured;

/// One figure over all runs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    /// `None` when no run has the figure.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (&lowest, &highest) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, lowest, highest })
    }

    fn json(self) -> Value {
        let Self { median, lowest, highest } = self;
        json!({ "median": median, "lowest": lowest, "highest": highest })
    }

    /// As many digits as say something.
    fn told(self) -> String {
        let digits = if self.highest >= 1000.0 { 0 } else { 3 };
        let Self { median, lowest, highest } = self;
        format!("{median:.digits$} ({lowest:.digits$}-{highest:.digits$})")
    }
}

/// The figures of a phase, in the order they are told.
fn figures(phase: &Phase) -> Vec<(String, f64)> {
    let mut figures = vec![("per second".to_owned(), phase.rate())];
    if phase.latency.count() > 0 {
        for (name, part) in QUANTILES {
            figures.push((format!("{name} ms"), milliseconds(phase.latency.quantile(part))));
        }
        figures.push(("max ms".to_owned(), milliseconds(phase.latency.max())));
    }
    if let Some(server) = phase.server {
        figures.push((format!("{} cores", phase.peer), server.cores(phase.elapsed)));
        figures.push((format!("{} RSS MiB", phase.peer), server.rss_bytes as f64 / f64::from(1 << 20)));
        if let Some(calls) = server.system_calls {
            let each = calls as f64 / phase.count.max(1) as f64;
            figures.push((format!("{} system calls each", phase.peer), each));
        }
    }
    if let Some(load) = phase.load {
        figures.push(("load cores".to_owned(), load.cores(phase.elapsed)));
    }
    figures
}

/// Name of the phase (or of the run), name of the figure, spread: in the order of the first run.
fn spreads(outcomes: &[Outcome]) -> Vec<(String, String, Spread)> {
    let flat = |outcome: &Outcome| -> Vec<(String, String, f64)> {
        let of_phase = |phase: &Phase| {
            let name = phase.name.clone();
            figures(phase).into_iter().map(move |(figure, value)| (name.clone(), figure, value))
        };
        let of_run = outcome.figures.iter().map(|(figure, value)| (String::new(), figure.clone(), *value));
        outcome.phases.iter().flat_map(of_phase).chain(of_run).collect()
    };
    let all: Vec<_> = outcomes.iter().map(flat).collect();
    let first = all.first().map(Vec::as_slice).unwrap_or_default();
    let spread = |(phase, figure, _): &(String, String, f64)| {
        let values = all.iter().flatten().filter(|(other, name, _)| other == phase && name == figure);
        let spread = Spread::of(values.map(|(_, _, value)| *value).collect())?;
        Some((phase.clone(), figure.clone(), spread))
    };
    first.iter().filter_map(spread).collect()
}

/// Medians for people.
pub(super) fn table(scenario: &str, origin: &Origin, measured: &Measured) -> String {
    let Measured { outcomes, left_out } = measured;
    let mut text = format!("bongsu bench {scenario} · {}\n", origin.line());
    text += &format!("median (lowest-highest) of {} runs\n\n", outcomes.len());
    let mut last = None;
    for (phase, figure, spread) in spreads(outcomes) {
        let shown = if last.as_ref() == Some(&phase) { "" } else { phase.as_str() };
        text += &match phase.as_str() {
            "" => format!("{figure:<60} {}\n", spread.told()),
            _ => format!("{shown:<36}{figure:<28} {}\n", spread.told()),
        };
        last = Some(phase);
    }
    let wrong = outcomes.iter().filter(|outcome| !outcome.report.is_clean()).count();
    text += &format!("\nruns in which something was lost, doubled, reordered or miscounted: {wrong}\n");
    for outcome in outcomes.iter().filter(|outcome| !outcome.report.is_clean()) {
        text += &format!("\n{}", outcome.report);
    }
    let bound = |outcome: &&Outcome| outcome.phases.iter().any(Phase::is_load_bound);
    text += &format!(
        "runs in which the load side was the bottleneck: {}\n",
        outcomes.iter().filter(bound).count()
    );
    text += &format!("runs left out because the host took too much of the machine: {left_out}\n");
    text
}

/// Medians and every run as one JSON object.
pub(super) fn json(measured: &Measured) -> Value {
    let Measured { outcomes, left_out } = measured;
    let mut phases = Map::new();
    let mut figures = Map::new();
    for (phase, figure, spread) in spreads(outcomes) {
        match phase.as_str() {
            "" => drop(figures.insert(figure, spread.json())),
            _ => {
                let of_phase = phases.entry(phase).or_insert_with(|| json!({}));
                of_phase[figure] = spread.json();
            }
        }
    }
    json!({
        "median": { "phases": phases, "figures": figures },
        "correct": outcomes.iter().all(|outcome| outcome.report.is_clean()),
        "left_out": left_out,
        "runs": outcomes.iter().map(print::json).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_both_ends() {
        let spread = Spread::of(vec![9.0, 1.0, 4.0]);
        assert_eq!(spread, Some(Spread { median: 4.0, lowest: 1.0, highest: 9.0 }));
        assert_eq!(Spread::of(vec![3.0, 1.0]).map(|spread| spread.median), Some(2.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn each_figure_of_each_phase_has_its_median() {
        let run =
            |rate: f64| Outcome { figures: vec![("hellos a second".to_owned(), rate)], ..Outcome::default() };
        let json = json(&Measured { outcomes: vec![run(10.0), run(30.0), run(20.0)], left_out: 0 });
        assert_eq!(json["median"]["figures"]["hellos a second"]["median"], 20.0);
        assert_eq!(json["runs"].as_array().map(Vec::len), Some(3));
    }
}
