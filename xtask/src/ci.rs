//! `cargo x ci`: what a change must hold besides its tests. Every part runs, so that one visit shows every fault.

use anyhow::{Result, bail};

use crate::step::{Parts, Step, in_ci};
use crate::test::EVERYTHING;
use crate::{setup, tidy};

const WEB_OUTPUT: &str = "web/dist";

pub(crate) fn run() -> Result<()> {
    let mut parts = Parts::new();
    parts.run("format", || Step::cargo(&["fmt", "--all", "--check"]).run());
    parts.run("tidy", tidy::check);
    parts.run("web", web);
    parts.run("clippy", || {
        Step::cargo(&["clippy", "--all-targets"]).with(EVERYTHING).with(&["--", "-D", "warnings"]).run()
    });
    parts.run("docs", || {
        Step::cargo(&["doc", "--no-deps"]).with(EVERYTHING).env("RUSTDOCFLAGS", "-D warnings").run()
    });
    parts.finish()
}

/// The pages that the binary embeds are checked in: they must be what their source builds to.
fn web() -> Result<()> {
    if let Err(reason) = setup::web() {
        if in_ci() {
            return Err(reason);
        }
        println!("    SKIPPED: {reason:#}");
        return Ok(());
    }
    Step::new("npm", &["run", "--silent", "check"]).within(setup::WEB).run()?;
    Step::new("npm", &["run", "--silent", "build"]).within(setup::WEB).run()?;
    let changed =
        Step::new("git", &["status", "--porcelain", "--untracked-files=all", "--", WEB_OUTPUT]).output()?;
    if !changed.is_empty() {
        bail!("{WEB_OUTPUT} is not what its source builds to; commit these too:\n{changed}");
    }
    Ok(())
}
