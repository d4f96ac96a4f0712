//! Where the server programs are: named by the environment, installed by `cargo x setup`, or on the PATH.

use std::env;
use std::path::{Path, PathBuf};

/// A program that is not on this machine.
#[derive(Debug, thiserror::Error)]
#[error("{program} is not installed: run `cargo x setup` (or say where it is: {variable})")]
pub struct Missing {
    program: &'static str,
    variable: &'static str,
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
