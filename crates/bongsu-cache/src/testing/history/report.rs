//! What the judge found: counts, and the stories of reads that nothing explains.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bound::Troubles;
use super::{Change, Seen, Verdict};

/// Stories that are told; what follows is only counted.
const STORIES_MAX: usize = 5;
/// Stories that are kept until it is known which of them to tell.
const STORIES_KEPT_MAX: usize = 100;
/// Unexplained reads that a trouble which becomes known later may explain.
const SUSPECTS_MAX: usize = 100_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Reads of what was current at some moment of the read.
    pub current: u64,
    /// Reads of what was superseded, within the bound.
    pub within_bound: u64,
    /// Reads of what was superseded for longer, and said so.
    pub said_stale: u64,
    /// Reads that nothing explains.
    pub unexplained: u64,
    /// The greatest age of a read within the bound.
    pub oldest: Duration,
    /// The first unexplained reads.
    pub stories: Vec<Unexplained>,
}

/// A read that nothing explains, and what happened to its thing before.
#[derive(Debug, Clone)]
pub struct Unexplained {
    text: String,
}

/// Something that happened to a thing.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) at: Instant,
    pub(super) happened: Happened,
}

#[derive(Debug, Clone)]
pub(super) enum Happened {
    Committed { version: u64, change: Change },
    Noted(&'static str),
    Read { began: Instant, seen: Seen, verdict: Verdict },
}

/// Counts while reads go on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    current: AtomicU64,
    within_bound: AtomicU64,
    said_stale: AtomicU64,
    oldest_micros: AtomicU64,
    unexplained: Mutex<Suspects>,
}

/// Reads that nothing explained when they ended: a trouble that becomes known later may.
#[derive(Debug, Default)]
struct Suspects {
    kept: Vec<Suspect>,
    /// Those behind [`SUSPECTS_MAX`]: nothing explains them any more.
    more: u64,
}

#[derive(Debug)]
struct Suspect {
    began: Instant,
    verdict: Verdict,
    story: Option<Unexplained>,
}

impl Report {
    /// All reads.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.current + self.within_bound + self.said_stale + self.unexplained
    }

    /// Ends a test whose cache is wrong.
    ///
    /// # Panics
    /// When a read is unexplained, with its story.
    pub fn assert_explained(&self) {
        assert_eq!(self.unexplained, 0, "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} reads: {} current, {} within the bound (the oldest by {:.3} s), {} said to be stale, {} unexplained",
            self.reads(),
            self.current,
            self.within_bound,
            self.oldest.as_secs_f64(),
            self.said_stale,
            self.unexplained
        )?;
        for story in &self.stories {
            write!(out, "\n\n{story}")?;
        }
        Ok(())
    }
}

impl Tally {
    pub(super) fn count(&self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Current => &self.current,
            Verdict::WithinBound(age) => {
                let micros = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
                self.oldest_micros.fetch_max(micros, Ordering::Relaxed);
                &self.within_bound
            }
            Verdict::SaidStale => &self.said_stale,
            Verdict::TooOld(_) | Verdict::NeverWritten | Verdict::OfAnotherThing => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn wants_story(&self) -> bool {
        self.suspects().kept.len() < STORIES_KEPT_MAX
    }

    /// Of a read that nothing explains.
    pub(super) fn keep(&self, began: Instant, verdict: Verdict, story: Option<Unexplained>) {
        let mut suspects = self.suspects();
        if suspects.kept.len() < SUSPECTS_MAX {
            suspects.kept.push(Suspect { began, verdict, story });
        } else {
            suspects.more += 1;
        }
    }

    pub(super) fn report(&self, troubles: &Troubles) -> Report {
        let suspects = self.suspects();
        let mut report = Report {
            current: self.current.load(Ordering::Relaxed),
            within_bound: self.within_bound.load(Ordering::Relaxed),
            said_stale: self.said_stale.load(Ordering::Relaxed),
            unexplained: suspects.more,
            oldest: Duration::from_micros(self.oldest_micros.load(Ordering::Relaxed)),
            stories: Vec::new(),
        };
        for suspect in &suspects.kept {
            match suspect.verdict {
                Verdict::TooOld(age) if troubles.allow(suspect.began - age, suspect.began) => {
                    report.within_bound += 1;
                    report.oldest = report.oldest.max(age);
                }
                _ => {
                    report.unexplained += 1;
                    if report.stories.len() < STORIES_MAX {
                        report.stories.extend(suspect.story.clone());
                    }
                }
            }
        }
        report
    }

    fn suspects(&self) -> MutexGuard<'_, Suspects> {
        self.unexplained.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unexplained {
    pub(super) fn new(
        thing: usize,
        seen: Seen,
        verdict: Verdict,
        story: Vec<Event>,
        troubles: Vec<(Instant, Option<Instant>, String)>,
        start: Instant,
    ) -> Self {
        let seconds = |at: Instant| at.saturating_duration_since(start).as_secs_f64();
        let mut lines: Vec<(Instant, String)> = Vec::new();
        for (began, ended, what) in troubles {
            lines.push((began, format!("TROUBLE begins: {what}")));
            if let Some(ended) = ended {
                lines.push((ended, format!("TROUBLE ends: {what}")));
            }
        }
        for event in story {
            let what = match event.happened {
                Happened::Committed { version, change: Change::Write } => {
                    format!("version {version} is current")
                }
                Happened::Committed { version, change: Change::Delete } => {
                    format!("version {version} is current: it does not exist")
                }
                Happened::Noted(what) => what.to_owned(),
                Happened::Read { began, seen, verdict } => {
                    format!("read that began at {:.6} saw {}: {verdict}", seconds(began), sight(seen))
                }
            };
            lines.push((event.at, what));
        }
        lines.sort_by_key(|(at, _)| *at);
        let mut text = format!("thing {thing}: a reader saw {}: {verdict}", sight(seen));
        for (at, what) in lines {
            text.push_str(&format!("\n  {:>12.6}  {what}", seconds(at)));
        }
        Self { text }
    }
}

impl fmt::Display for Unexplained {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Current => out.write_str("current"),
            Verdict::WithinBound(age) => {
                write!(out, "superseded {:.6} s before, within the bound", age.as_secs_f64())
            }
            Verdict::SaidStale => out.write_str("superseded, and said to be stale"),
            Verdict::TooOld(age) => write!(out, "UNEXPLAINED: superseded {:.6} s before", age.as_secs_f64()),
            Verdict::NeverWritten => out.write_str("UNEXPLAINED: not written before the read ended"),
            Verdict::OfAnotherThing => out.write_str("UNEXPLAINED: the value of another thing"),
        }
    }
}

fn sight(seen: Seen) -> String {
    let value = match seen.value {
        Some((thing, version)) => format!("version {version} (of thing {thing})"),
        None => "nothing".to_owned(),
    };
    let stale = if seen.stale { ", said to be stale" } else { "" };
    format!("{value}{stale} by reader {}", seen.reader)
}
