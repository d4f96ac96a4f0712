//! The two engines that speak the Redis protocol, so that a test can run on both.

use std::fmt;
use std::path::PathBuf;

use crate::program::{Missing, Program};

/// A server program that speaks the Redis protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Valkey 9.
    Valkey,
    /// Redis 7, whose clusters move slots key by key.
    Redis,
}

impl Engine {
    /// Both, the preferred one first.
    pub const ALL: [Engine; 2] = [Engine::Valkey, Engine::Redis];

    /// The engines to run a test on: all of them. On a laptop that lacks one, the other, and the skip is printed.
    ///
    /// # Panics
    /// When one is missing and `CI` is set.
    #[must_use]
    pub fn installed() -> Vec<Engine> {
        Self::ALL.into_iter().filter(|engine| engine.program().map_err(Missing::skip).is_ok()).collect()
    }

    /// Where its program is.
    ///
    /// # Errors
    /// [`Missing`] when it is nowhere; its text says what to do.
    pub fn program(self) -> Result<PathBuf, Missing> {
        match self {
            Engine::Valkey => Program::VALKEY.find(),
            Engine::Redis => Program::REDIS.find(),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Engine::Valkey => "Valkey",
            Engine::Redis => "Redis",
        })
    }
}
