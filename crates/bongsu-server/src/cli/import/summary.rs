//! What an import did, for the person who started it.

use std::fmt;

use bongsu_import::Report;

/// Rooms named one by one; beyond that only their number is told.
const REFUSED_SHOWN: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) report: Report,
    /// Sources that could not be read.
    pub(super) failed: u64,
    pub(super) seconds: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        writeln!(
            f,
            "imported {} messages into {} rooms ({} people named) in {:.1} s",
            report.messages,
            report.rooms,
            report.users.len(),
            self.seconds
        )?;
        if report.messages_before > 0 || report.rooms_before > 0 {
            writeln!(
                f,
                "there before: {} messages, {} complete rooms",
                report.messages_before, report.rooms_before
            )?;
        }
        if report.left_out > 0 {
            writeln!(
                f,
                "left out: {} messages that the files gained since their rooms were imported",
                report.left_out
            )?;
        }
        if report.became_channels > 0 {
            writeln!(f, "{} groups became channels for the number of their members", report.became_channels)?;
        }
        for (why, count) in &report.skipped {
            writeln!(f, "skipped: {count} {}", why.reason())?;
        }
        for refused in report.refused.iter().take(REFUSED_SHOWN) {
            writeln!(f, "room not imported: {}: {}", refused.key.as_str(), refused.reason)?;
        }
        if report.refused.len() > REFUSED_SHOWN {
            writeln!(f, "... and {} more rooms", report.refused.len() - REFUSED_SHOWN)?;
        }
        Ok(())
    }
}
