//! `cargo x test`: every test of the project with one command, on a fresh machine too.

use anyhow::Result;

use crate::step::{Parts, Step, in_ci};
use crate::{browser, setup};

pub(crate) fn run() -> Result<()> {
    let ready = setup::run();
    if in_ci() {
        ready?;
        return run_parts(None);
    }
    run_parts(ready.err())
}

/// The web goes first, so that cargo's closing lines are the last thing on the screen; all parts always run.
fn run_parts(no_browser: Option<anyhow::Error>) -> Result<()> {
    let mut parts = Parts::new();
    match &no_browser {
        None => {
            parts
                .run("web tests", || Step::new("npm", &["run", "--silent", "test"]).within(setup::WEB).run());
            parts.run("browser tests", browser::build_and_run);
        }
        Some(reason) => println!("==> web and browser tests: SKIPPED: {reason:#}"),
    }
    parts.run("cargo test", || Step::cargo(&["test", "--workspace", "--locked"]).run());
    if no_browser.is_some() {
        println!("    web and browser tests: SKIPPED (the reason stands above)");
    }
    parts.finish()
}
