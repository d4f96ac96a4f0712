//! Where the server programs are: named by the environment, installed by `cargo x setup`, or on the PATH.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// A program that is not on this machine.
#[derive(Debug, thiserror::Error)]
#[error("{program} is not installed: run `cargo x setup` (or say where it is: {variable})")]
pub struct Missing {
    program: &'static str,
    variable: &'static str,
}

impl Missing {
    /// On a laptop a missing program is a printed skip, never a silent one.
    ///
    /// # Panics
    /// When `CI` is set: there, everything is tested.
    pub(crate) fn skip(self) {
        assert!(env::var_os("CI").is_none(), "{self}");
        eprintln!("SKIPPED: {self}");
    }
}

/// A server program and the places where it may be, the first one that has it wins.
pub(crate) struct Program {
    name: &'static str,
    /// The environment variable with its path.
    variable: &'static str,
    /// Below [`SERVICES`], where `cargo x setup` puts what no system package brings.
    own: &'static str,
}

/// The project's own place for server programs; `xtask/src/services.rs` fills it.
const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/services");

impl Program {
    pub(crate) const VALKEY: Program =
        Program { name: "valkey-server", variable: "BONGSU_VALKEY_SERVER", own: "bin/valkey-server" };
    pub(crate) const REDIS: Program =
        Program { name: "redis-server", variable: "BONGSU_REDIS_SERVER", own: "bin/redis-server" };

    pub(crate) fn find(&self) -> Result<PathBuf, Missing> {
        if let Some(named) = env::var_os(self.variable) {
            return Ok(PathBuf::from(named));
        }
        let own = Path::new(SERVICES).join(self.own);
        if own.is_file() {
            return Ok(own);
        }
        on_the_path(self.name).ok_or(Missing { program: self.name, variable: self.variable })
    }
}

/// The folder with PostgreSQL's own programs, which Debian keeps off the PATH.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPrograms {
    folder: PathBuf,
}

/// Where Debian has a folder for each version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

impl PostgresPrograms {
    pub(crate) fn find() -> Result<PostgresPrograms, Missing> {
        let variable = "BONGSU_POSTGRES_BIN";
        if let Some(named) = env::var_os(variable) {
            return Ok(PostgresPrograms { folder: PathBuf::from(named) });
        }
        let folders = debian_folders().into_iter().chain(on_the_path("initdb").and_then(folder_of));
        let mut complete = folders.filter(|folder| {
            ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file())
        });
        let folder = complete.next().ok_or(Missing { program: "postgresql", variable })?;
        Ok(PostgresPrograms { folder })
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(crate) fn psql(&self) -> PathBuf {
        self.folder.join("psql")
    }
}

/// The newest version first.
fn debian_folders() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(DEBIAN_POSTGRES) else { return Vec::new() };
    let mut versions: Vec<u32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|version| Path::new(DEBIAN_POSTGRES).join(format!("{version}/bin"))).collect()
}

/// The folder a program really is in: the PATH may hold links to it.
fn folder_of(program: PathBuf) -> Option<PathBuf> {
    program.canonicalize().ok()?.parent().map(Path::to_owned)
}

/// Finds a program as a shell would.
pub(crate) fn on_the_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_says_how_to_get_it() {
        let nowhere = Program { name: "no-such-server", variable: "BONGSU_NO_SUCH_SERVER", own: "bin/none" };
        let expected = "no-such-server is not installed: run `cargo x setup` (or say where it is: \
                        BONGSU_NO_SUCH_SERVER)";
        assert_eq!(nowhere.find().unwrap_err().to_string(), expected);
    }
}
