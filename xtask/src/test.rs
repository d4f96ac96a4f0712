//! `cargo x test`: every test of the project with one command, on a fresh machine too.

use anyhow::{Error, Result};

use crate::step::{Parts, Step, in_ci};
use crate::{browser, setup};

/// What lints, docs and tests are about: all crates with the parts that the server leaves out. One set of features for
/// all of them, so that they share what they build.
pub(crate) const EVERYTHING: &[&str] =
    &["--workspace", "--locked", "--features", "bongsu-server/bench-cache"];

pub(crate) fn run() -> Result<()> {
    let ready = setup::run();
    if in_ci() {
        ready?;
        return run_parts(None, None);
    }
    match ready {
        Ok(()) => run_parts(None, None),
        // On a laptop the one does without what only the other needs.
        Err(_) => run_parts(setup::browser().err(), setup::servers().err()),
    }
}

/// The web goes first, so that cargo's closing lines are the last thing on the screen; all parts always run. Without
/// servers cargo's tests skip those themselves.
fn run_parts(no_browser: Option<Error>, no_servers: Option<Error>) -> Result<()> {
    let mut parts = Parts::new();
    if no_browser.is_none() {
        parts.run("web tests", || Step::new("npm", &["run", "--silent", "test"]).within(setup::WEB).run());
        parts.run("browser tests", browser::build_and_run);
    }
    parts.run("cargo test", || Step::cargo(&["test"]).with(EVERYTHING).run());
    for (what, reason) in [("web and browser tests", no_browser), ("some tests on real servers", no_servers)]
    {
        if let Some(reason) = reason {
            println!("==> {what}: SKIPPED: {reason:#}");
        }
    }
    parts.finish()
}
