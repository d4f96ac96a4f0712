//! Programs that the tests need and Debian has: looked for, installed with one apt-get, or named for doing it by hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::step::Step;

/// A program that must be there, and the Debian package that brings it.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
    pub(crate) is_there: fn() -> bool,
}

/// Installs the tools that are missing, or says how to when it may not.
pub(crate) fn need(tools: &[Tool]) -> Result<()> {
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
    install(&packages)?;
    match missing.iter().find(|tool| !(tool.is_there)()) {
        None => Ok(()),
        Some(tool) => bail!("{} is still missing after installing {}", tool.name, tool.package),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    let _services_stay_down = ServicesStayDown::begin()?;
    apt_get(&["update", "-q"])?;
    let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
    install.extend(packages);
    apt_get(&install)
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
         --no-install-recommends {packages}. Elsewhere install the same programs (in another place: `cargo x --help` \
         lists the variables that name it), then run `cargo x setup` again"
    )
}

/// The script that a package asks before it starts its service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// While this lives, packages start no services: the tests start servers of their own. A machine's own policy stays.
struct ServicesStayDown {
    policy_is_ours: bool,
}

impl ServicesStayDown {
    fn begin() -> Result<ServicesStayDown> {
        if Path::new(POLICY).exists() {
            return Ok(ServicesStayDown { policy_is_ours: false });
        }
        // 101 is "forbidden".
        fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("could not write {POLICY}"))?;
        let ours = ServicesStayDown { policy_is_ours: true };
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
        println!("    no service starts meanwhile: {POLICY}");
        Ok(ours)
    }
}

impl Drop for ServicesStayDown {
    fn drop(&mut self) {
        if self.policy_is_ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            println!("    {POLICY} forbids services to start and could not be removed: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_install_by_hand_is_one_command_to_copy() {
        let message = by_hand(&["nodejs", "chromium"]);
        assert!(message.contains("apt-get install -y --no-install-recommends nodejs chromium."), "{message}");
    }
}
