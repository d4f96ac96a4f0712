//! `cargo x fuzz`: a bounded run of every fuzz target. Their corpora also run as ordinary tests, without this.

use anyhow::{Result, bail};
use clap::Args;

use crate::step::{Step, find_program, titled};

/// How long, and what.
#[derive(Args)]
pub(crate) struct Bounds {
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Only this target (default: all of fuzz/fuzz_targets)
    target: Option<String>,
}

pub(crate) fn run(bounds: &Bounds) -> Result<()> {
    if find_program("cargo-fuzz").is_none() {
        bail!("cargo-fuzz is not installed; it takes a minute or two: cargo install cargo-fuzz --locked");
    }
    for target in targets(bounds)? {
        let time = format!("-max_total_time={}", bounds.seconds);
        // Without a sanitizer the stable toolchain is enough, and coverage still guides the run.
        let arguments = ["+stable", "fuzz", "run", "-s", "none", &target, "--", &time];
        titled(format!("fuzz {target}"), || Step::new("cargo", &arguments).run())?;
    }
    Ok(())
}

fn targets(bounds: &Bounds) -> Result<Vec<String>> {
    if let Some(target) = &bounds.target {
        return Ok(vec![target.clone()]);
    }
    let listed = Step::new("cargo", &["+stable", "fuzz", "list"]).output()?;
    Ok(listed.lines().map(str::to_owned).collect())
}
