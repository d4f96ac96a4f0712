//! Figures of several rounds: the median, and how far the others lie apart.

use std::fmt;

/// Every figure is taken so often.
pub(crate) const ROUNDS: usize = 5;

/// The same figure, of every round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// The median, and the least and the greatest in brackets.
impl fmt::Display for Rounds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |figure: f64| match figure.abs() {
            big if big >= 100_000.0 => format!("{:.0}k", figure / 1e3),
            small if small < 10.0 => format!("{figure:.2}"),
            _ => format!("{figure:.0}"),
        };
        let [Some(least), Some(most)] = [self.0.first(), self.0.last()] else { return out.pad("-") };
        out.pad(&format!("{} ({} - {})", number(self.median()), number(*least), number(*most)))
    }
}
