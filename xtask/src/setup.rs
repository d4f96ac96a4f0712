//! `cargo x setup`: what the tests need besides Rust, on a fresh Debian machine.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::step::{Step, find_program, titled};
use crate::{browser, npm};

/// Where the pages that the binary embeds are written.
pub(crate) const WEB: &str = "web";

const CHROMIUM_DEFAULT: &str = "/usr/bin/chromium";

/// A program that must be there, and the Debian package that brings it.
#[derive(Clone, Copy)]
struct Tool {
    name: &'static str,
    package: &'static str,
    is_there: fn() -> bool,
}

const NODE: Tool = Tool { name: "node 18.19 or newer", package: "nodejs", is_there: node_is_new_enough };
const NPM: Tool = Tool { name: "npm", package: "npm", is_there: || find_program("npm").is_some() };
const CHROMIUM: Tool = Tool { name: "chromium", package: "chromium", is_there: || chromium().is_file() };

pub(crate) fn run() -> Result<()> {
    titled("setup", || {
        need(&[NODE, NPM, CHROMIUM])?;
        npm::install(WEB)?;
        npm::install(browser::FOLDER)
    })
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

/// Installs the tools that are missing, or says how to when it may not.
fn need(tools: &[Tool]) -> Result<()> {
    let missing: Vec<Tool> = tools.iter().copied().filter(|tool| !(tool.is_there)()).collect();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    if missing.is_empty() {
        println!("    {}: there", names.join(", "));
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    if !may_install()? {
        bail!("{}", by_hand(&packages));
    }
    println!("    installing with apt-get: {}", packages.join(" "));
    apt_get(&["update", "-q"])?;
    let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
    install.extend(&packages);
    apt_get(&install)?;
    match missing.iter().find(|tool| !(tool.is_there)()) {
        None => Ok(()),
        Some(tool) => bail!("{} is still missing after installing {}", tool.name, tool.package),
    }
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

fn apt_get(arguments: &[&str]) -> Result<()> {
    Step::new("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive").run()
}

fn may_install() -> Result<bool> {
    let apt_is_there = Path::new("/usr/bin/apt-get").is_file();
    Ok(apt_is_there && Step::new("id", &["-u"]).output()?.trim() == "0")
}

fn by_hand(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!(
        "the tests need: {packages}. On Debian, as root: apt-get update && apt-get install -y \
         --no-install-recommends {packages}. Elsewhere install the same programs (a Chromium in another place: set \
         BONGSU_CHROMIUM), then run `cargo x setup` again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_counts_as_missing() {
        assert!(runs_our_tests("v18.19.0") && runs_our_tests("v18.20.4") && runs_our_tests("v24.1.0"));
        assert!(!runs_our_tests("v18.18.2") && !runs_our_tests("v12.22.9") && !runs_our_tests("odd"));
    }

    #[test]
    fn what_to_install_by_hand_is_one_command_to_copy() {
        let message = by_hand(&["nodejs", "chromium"]);
        assert!(message.contains("apt-get install -y --no-install-recommends nodejs chromium."), "{message}");
    }
}
