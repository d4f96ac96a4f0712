//! `cargo x setup`: what the tests need besides Rust, on a fresh Debian machine.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::debian::{Tool, need};
use crate::services::{POSTGRES, PYTHON_VENV, REDIS, SETPRIV};
use crate::step::{Step, find_program, titled};
use crate::{browser, npm, services};

/// Where the pages that the binary embeds are written.
pub(crate) const WEB: &str = "web";

const CHROMIUM_DEFAULT: &str = "/usr/bin/chromium";

const NODE: Tool = Tool { name: "node 18.19 or newer", package: "nodejs", is_there: node_is_new_enough };
const NPM: Tool = Tool { name: "npm", package: "npm", is_there: || find_program("npm").is_some() };
const CHROMIUM: Tool = Tool { name: "chromium", package: "chromium", is_there: || chromium().is_file() };

const BROWSER: [Tool; 3] = [NODE, NPM, CHROMIUM];
const SERVERS: [Tool; 4] = [REDIS, POSTGRES, SETPRIV, PYTHON_VENV];

pub(crate) fn run() -> Result<()> {
    titled("setup", || {
        // Together, so that apt-get runs once.
        need(&[&BROWSER[..], &SERVERS[..]].concat())?;
        install_for_browser()?;
        services::install_valkey()
    })
}

/// What the tests of the pages need, in a browser and without.
pub(crate) fn browser() -> Result<()> {
    need(&BROWSER)?;
    install_for_browser()
}

/// What the tests on real servers need.
pub(crate) fn servers() -> Result<()> {
    need(&SERVERS)?;
    services::install_valkey()
}

fn install_for_browser() -> Result<()> {
    npm::install(WEB)?;
    npm::install(browser::FOLDER)
}

/// What building the pages needs: no browser.
pub(crate) fn web() -> Result<()> {
    need(&[NODE, NPM])?;
    npm::install(WEB)
}

/// The browser that the tests drive.
pub(crate) fn chromium() -> PathBuf {
    env::var_os("BONGSU_CHROMIUM").map_or_else(|| PathBuf::from(CHROMIUM_DEFAULT), PathBuf::from)
}

fn node_is_new_enough() -> bool {
    let version = find_program("node").and_then(|_| Step::new("node", &["--version"]).output().ok());
    version.is_some_and(|version| runs_our_tests(version.trim()))
}

/// The oldest Node whose test runner takes the options we give it: v18.19, which Debian 12 has.
fn runs_our_tests(version: &str) -> bool {
    let mut numbers =
        version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(18), Some(19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_counts_as_missing() {
        assert!(runs_our_tests("v18.19.0") && runs_our_tests("v18.20.4") && runs_our_tests("v24.1.0"));
        assert!(!runs_our_tests("v18.18.2") && !runs_our_tests("v12.22.9") && !runs_our_tests("odd"));
    }
}
