//! How often what goes wrong.

use std::time::Duration;

/// What happens to calls of the shared tier. Chances are in one thousand calls; zero, the default, is never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L2Faults {
    /// Not carried out, and an error at once.
    pub refused: u16,
    /// Not carried out, and an error after [`L2Faults::timeout`].
    pub timed_out: u16,
    /// Carried out, and an error after [`L2Faults::timeout`].
    pub reply_lost: u16,
    /// Some keys of a batch fail, each by a throw of its own, half of them carried out.
    pub partial: u16,
    /// Slow: a wait of up to [`L2Faults::delay`] before or after it is carried out.
    pub delayed: u16,
    /// The longest delay.
    pub delay: Duration,
    /// How long the caller waits for what does not answer.
    pub timeout: Duration,
}

/// What happens to frames on their way to a subscriber. Chances are in one thousand; zero, the default, is never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackplaneFaults {
    /// Not published, and an error.
    pub refused: u16,
    /// Published, and an error.
    pub reply_lost: u16,
    /// Never arrives at this subscriber.
    pub dropped: u16,
    /// Arrives twice.
    pub duplicated: u16,
    /// Arrives after frames that were sent later.
    pub reordered: u16,
    /// Arrives late, in order, with all that follows on the channel behind it.
    pub delayed: u16,
    /// The longest delay, also of what is reordered.
    pub delay: Duration,
    /// A `Lost` that does not reach this subscriber.
    pub lost_withheld: u16,
}

impl L2Faults {
    /// A little of everything, all short: what a schedule with a stopped clock can live with for hours.
    #[must_use]
    pub fn some() -> Self {
        Self {
            refused: 30,
            timed_out: 10,
            reply_lost: 30,
            partial: 30,
            delayed: 200,
            delay: Duration::from_millis(40),
            timeout: Duration::from_millis(50),
        }
    }
}

impl BackplaneFaults {
    /// A little of everything.
    #[must_use]
    pub fn some() -> Self {
        Self {
            refused: 20,
            reply_lost: 20,
            dropped: 30,
            duplicated: 50,
            reordered: 30,
            delayed: 100,
            delay: Duration::from_millis(100),
            lost_withheld: 500,
        }
    }
}
