//! `bongsu bench storm`: everybody comes back at once.

use anyhow::Result;
use bongsu_load::bench::Outcome;
use bongsu_load::bench::storm::{Progress as Step, StormOptions, run};
use clap::Args;

use super::COLUMNS;
use super::deployment::Deployment;
use super::descriptors;
use super::scenario::{self, Telling};
use crate::cli::Progress;

#[derive(Debug, Args)]
#[command(
    about = "Everybody loses the connection at once and comes back at once",
    long_about = include_str!("help/storm.txt"),
    after_long_help = COLUMNS
)]
pub(super) struct Storm {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    telling: Telling,
    /// Clients that are cut, each of its own user.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    clients: usize,
    /// Rooms of each of them.
    #[arg(long, value_name = "N", default_value_t = 10)]
    rooms: usize,
    /// Members of a room.
    #[arg(long, value_name = "N", default_value_t = 100)]
    members: usize,
    /// Messages written while they come back, each to another room.
    #[arg(long, value_name = "N", default_value_t = 100)]
    missed: usize,
    /// Times everybody is cut.
    #[arg(long, value_name = "N", default_value_t = 3)]
    storms: usize,
    /// Members of the room that stays connected.
    #[arg(long, value_name = "N", default_value_t = 20)]
    connected: usize,
    /// Messages a second in that room.
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    rate: f64,
    /// Seconds of calm before the first storm, measured, and after each, not measured.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    calm: f64,
}

impl Storm {
    pub(super) fn run(&self) -> Result<()> {
        self.telling.tell("storm", || self.measure())
    }

    fn measure(&self) -> Result<Outcome> {
        let options = StormOptions {
            clients: self.clients,
            rooms_each: self.rooms,
            members: self.members,
            missed: self.missed,
            storms: self.storms,
            control_members: self.connected,
            control_per_s: self.rate,
            calm: scenario::time("--calm", self.calm)?,
        };
        descriptors::allow(options.clients + options.control_members)?;
        scenario::run(&self.deployment, async |deployed| {
            let rooms =
                options.clients * options.rooms_each / options.members.clamp(1, options.clients.max(1));
            let made = Progress::of(rooms as u64, "rooms");
            made.now_on("preparing");
            let opened = Progress::of(options.clients as u64, "clients");
            let storms = Progress::steps("storms over");
            let outcome = run(&deployed.target, &options, |step| match step {
                Step::Rooms(count) => made.at(count),
                Step::Clients(count) => opened.at(count),
                Step::Calm => {
                    made.done();
                    opened.done();
                }
                Step::Storms(count) => storms.at(count),
            })
            .await;
            storms.done();
            (deployed, outcome)
        })
    }
}
