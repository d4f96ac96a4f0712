//! Settings: the default file (which is the documentation), then the user's file, then the environment.

mod limits;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

pub(crate) use limits::LimitsConfig;

/// The default settings, with a comment for each.
pub(crate) const DEFAULT: &str = include_str!("default.toml");

/// All settings. `config/default.toml` says what each means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Logs.
    pub log: Log,
    /// User tokens.
    pub tokens: Tokens,
    /// Profiles and requests.
    pub(crate) users: Users,
    /// What runs beside the traffic.
    pub upkeep: Upkeep,
    /// How the server ends.
    pub shutdown: Shutdown,
    /// The embedded store.
    pub store: Store,
    /// The cache.
    pub cache: Cache,
    /// Bounds.
    pub limits: LimitsConfig,
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// Level or filter.
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// User tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    /// What `aud` must be.
    pub audience: String,
    /// File with the HS256 secret; empty for the one in the data directory.
    pub secret_file: PathBuf,
    /// File with a JWKS; empty for none.
    pub jwks_file: PathBuf,
}

/// Profiles and requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Users {
    /// Users change their own profile.
    pub own_profile: bool,
    /// Direct rooms from strangers are requests.
    pub requests: bool,
}

/// What runs beside the traffic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upkeep {
    /// Seconds between sweeps.
    pub sweep_s: u64,
    /// Seconds between searches for idle devices.
    pub expire_devices_s: u64,
    /// Seconds between audits.
    pub audit_s: u64,
}

/// How the server ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shutdown {
    /// Seconds for all of it.
    pub drain_s: u64,
}

/// The embedded store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// MiB that stay free.
    pub disk_reserve_mib: u64,
    /// MiB of block cache.
    pub cache_mib: u64,
}

/// The cache.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cache {
    /// MiB of the tier in the process.
    pub l1_mib: u64,
}

impl Config {
    /// The defaults, overridden by `file` and by the environment.
    ///
    /// # Errors
    /// When the file cannot be read, or holds a setting that does not exist or has the wrong type; the message names
    /// it.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let mut figment = Figment::from(Toml::string(DEFAULT));
        if let Some(file) = file {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            figment = figment.merge(Toml::string(&text));
        }
        let config: Self = figment
            // Every setting has a section: a variable without one (BONGSU_TEST_DATA) is none of ours.
            .merge(Env::prefixed("BONGSU_").filter(|key| key.as_str().contains("__")).split("__"))
            .extract()
            .context("bad settings (the default file is printed by `bongsu serve --print-config`)")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let upkeep = &self.upkeep;
        for (name, seconds) in [
            ("sweep_s", upkeep.sweep_s),
            ("expire_devices_s", upkeep.expire_devices_s),
            ("audit_s", upkeep.audit_s),
        ] {
            ensure!(seconds > 0, "upkeep.{name} must be at least 1");
        }
        self.limits.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_types::Limits;

    #[test]
    fn the_default_file_is_complete_and_says_what_the_code_says() {
        let config = Config::load(None).unwrap();
        assert_eq!(config.limits.to_limits(), Limits::default());
    }

    #[test]
    fn a_file_overrides_what_it_names_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bongsu.toml");
        std::fs::write(&file, "[limits]\ntext_bytes = 10\n").unwrap();
        let limits = Config::load(Some(&file)).unwrap().limits.to_limits();
        assert_eq!(limits, Limits { text_bytes: 10, ..Limits::default() });
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bongsu.toml");
        std::fs::write(&file, "[limits]\ntext_byte = 10\n").unwrap();
        let error = format!("{:#}", Config::load(Some(&file)).unwrap_err());
        assert!(error.contains("text_byte"), "{error}");
    }
}
