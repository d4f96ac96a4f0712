//! Progress of long work on stderr: a bar with rate and time left on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar.
#[derive(Debug, Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` items called `unit`.
    #[must_use]
    pub(crate) fn of(total: u64, unit: &str) -> Self {
        let style = ProgressStyle::with_template(&format!(
            "{{msg:20!}} [{{bar:32}}] {{human_pos}}/{{human_len}} {unit} · {{per_sec}} · {{eta}} left"
        ))
        .expect("the template is well formed");
        Self(ProgressBar::new(total).with_style(style))
    }

    /// A line that says how many steps were taken, when nobody knows of how many.
    #[must_use]
    pub(crate) fn steps(what: &'static str) -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} · {elapsed}")
            .expect("the template is well formed");
        Self(ProgressBar::new_spinner().with_style(style).with_message(what))
    }

    /// `count` more are done.
    pub(crate) fn add(&self, count: u64) {
        self.0.inc(count);
    }

    /// `position` are done in all.
    pub(crate) fn at(&self, position: u64) {
        self.0.set_position(position);
    }

    /// What is worked on now.
    pub(crate) fn now_on(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// The work is over; the bar goes.
    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
    }
}
