//! How to reach the servers, and how long to wait for them.

use std::fmt;
use std::time::Duration;

use super::address::Address;
use crate::resilience::BreakerOptions;

/// Where the servers are and what is waited for. Times are short: behind a slow shared tier stands the source.
#[derive(Clone)]
#[non_exhaustive]
pub struct ValkeyOptions {
    /// `host:port` of some servers, at least one; the others of a cluster are found through them. Name more than one:
    /// a process that starts while the only named server is down finds nobody.
    pub seeds: Vec<String>,
    /// The user to log in as, if not the default one.
    pub username: Option<String>,
    /// Never logged.
    pub password: Option<String>,
    /// The database. A cluster has only 0.
    pub database: u16,
    /// What the names of the tier's own keys and channels begin with: the same as the hub's, 1 to 32 of `a-z A-Z 0-9 _ . -`.
    pub prefix: String,
    /// A server that did not answer in this time has timed out. A call may follow a moved slot and take twice as long.
    pub answer_timeout: Duration,
    /// Connecting, logging in and learning who answers take at most this long.
    pub connect_timeout: Duration,
    /// One breaker for each server. When it opens, the connection is dropped; it closes when a new one answers.
    pub breaker: BreakerOptions,
    /// How often the slot map is asked for while all is well. In trouble it is asked for much more often.
    pub refresh_interval: Duration,
    /// How often the connections that listen are asked for a sign of life; one that gives none until the next time is
    /// taken for dead.
    pub listen_ping_interval: Duration,
    /// Events of the backplane that wait for one slow reader. What does not fit is said to be lost.
    pub queue_events_max: usize,
    /// Commands in one pipeline.
    pub pipeline_commands_max: usize,
    /// Whether [`connect`](super::Valkey::connect) fails when no server can be reached. Otherwise it goes on trying.
    pub must_be_reachable: bool,
}

/// Options that make no sense, or (only with [`ValkeyOptions::must_be_reachable`]) nobody there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValkeyError {
    /// No seed was named.
    #[error("name at least one server to begin with")]
    NoSeeds,
    /// A seed that is not `host:port`.
    #[error("a server is named as host:port, without user and password, not {0:?}")]
    BadSeed(String),
    /// A prefix that cannot stand in a key.
    #[error("a prefix has 1 to 32 of a-z, A-Z, 0-9, '_', '.', '-', not {0:?}")]
    BadPrefix(String),
    /// A time or a number that must not be zero.
    #[error("{0} must not be zero")]
    Zero(&'static str),
    /// Nobody answered.
    #[error("no server can be reached: {0}")]
    NotReachable(String),
}

impl ValkeyOptions {
    /// Servers without a password, half a second for an answer, a second to connect, three failures open a breaker.
    #[must_use]
    pub fn new(seeds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            seeds: seeds.into_iter().map(Into::into).collect(),
            username: None,
            password: None,
            database: 0,
            prefix: "cache".to_owned(),
            answer_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            breaker: BreakerOptions {
                failures: 3,
                open_for: Duration::from_millis(250),
                jitter_percent: 50,
                probes: 1,
            },
            refresh_interval: Duration::from_secs(5),
            listen_ping_interval: Duration::from_secs(1),
            queue_events_max: 8192,
            pipeline_commands_max: 512,
            must_be_reachable: false,
        }
    }

    /// See [`ValkeyOptions::username`] and [`ValkeyOptions::password`].
    #[must_use]
    pub fn with_login(mut self, username: Option<String>, password: String) -> Self {
        self.username = username;
        self.password = Some(password);
        self
    }

    /// See [`ValkeyOptions::database`].
    #[must_use]
    pub fn with_database(mut self, database: u16) -> Self {
        self.database = database;
        self
    }

    /// See [`ValkeyOptions::prefix`].
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// See [`ValkeyOptions::answer_timeout`].
    #[must_use]
    pub fn with_answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// See [`ValkeyOptions::connect_timeout`].
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// See [`ValkeyOptions::breaker`].
    #[must_use]
    pub fn with_breaker(mut self, breaker: BreakerOptions) -> Self {
        self.breaker = breaker;
        self
    }

    /// See [`ValkeyOptions::refresh_interval`].
    #[must_use]
    pub fn with_refresh_interval(mut self, interval: Duration) -> Self {
        self.refresh_interval = interval;
        self
    }

    /// See [`ValkeyOptions::listen_ping_interval`].
    #[must_use]
    pub fn with_listen_ping_interval(mut self, interval: Duration) -> Self {
        self.listen_ping_interval = interval;
        self
    }

    /// See [`ValkeyOptions::queue_events_max`].
    #[must_use]
    pub fn with_queue_events_max(mut self, events: usize) -> Self {
        self.queue_events_max = events;
        self
    }

    /// See [`ValkeyOptions::must_be_reachable`].
    #[must_use]
    pub fn with_must_be_reachable(mut self, must: bool) -> Self {
        self.must_be_reachable = must;
        self
    }

    /// The seeds, if all of it makes sense.
    pub(super) fn checked_seeds(&self) -> Result<Vec<Address>, ValkeyError> {
        let nonzero = [
            ("answer_timeout", self.answer_timeout.is_zero()),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("refresh_interval", self.refresh_interval.is_zero()),
            ("listen_ping_interval", self.listen_ping_interval.is_zero()),
            ("queue_events_max", self.queue_events_max == 0),
            ("pipeline_commands_max", self.pipeline_commands_max == 0),
            ("breaker.failures", self.breaker.failures == 0),
            ("breaker.open_for", self.breaker.open_for.is_zero()),
            ("breaker.probes", self.breaker.probes == 0),
        ];
        if let Some((name, _)) = nonzero.iter().find(|(_, is_zero)| *is_zero) {
            return Err(ValkeyError::Zero(name));
        }
        let in_place = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if !(1..=32).contains(&self.prefix.len()) || !self.prefix.bytes().all(in_place) {
            return Err(ValkeyError::BadPrefix(self.prefix.clone()));
        }
        if self.seeds.is_empty() {
            return Err(ValkeyError::NoSeeds);
        }
        let parse = |seed: &String| {
            // What may hold a password is not repeated in an error.
            if seed.contains('@') {
                return Err(ValkeyError::BadSeed("(with an @)".to_owned()));
            }
            Address::parse(seed).ok_or_else(|| ValkeyError::BadSeed(seed.clone()))
        };
        self.seeds.iter().map(parse).collect()
    }
}

impl fmt::Debug for ValkeyOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ValkeyOptions")
            .field("seeds", &self.seeds)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "(hidden)"))
            .field("database", &self.database)
            .field("prefix", &self.prefix)
            .field("answer_timeout", &self.answer_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("breaker", &self.breaker)
            .field("refresh_interval", &self.refresh_interval)
            .field("listen_ping_interval", &self.listen_ping_interval)
            .field("queue_events_max", &self.queue_events_max)
            .field("pipeline_commands_max", &self.pipeline_commands_max)
            .field("must_be_reachable", &self.must_be_reachable)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_printed() {
        let options = ValkeyOptions::new(["a:1"]).with_login(Some("app".into()), "s3cret".into());
        let printed = format!("{options:?}");
        assert!(printed.contains("app") && !printed.contains("s3cret"), "{printed}");
        let wrong = ValkeyOptions::new(["user:s3cret@host:1"]).checked_seeds().unwrap_err();
        assert!(!wrong.to_string().contains("s3cret"));
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = |options: ValkeyOptions| options.checked_seeds().unwrap_err();
        assert_eq!(refused(ValkeyOptions::new(Vec::<String>::new())), ValkeyError::NoSeeds);
        assert_eq!(refused(ValkeyOptions::new(["host"])), ValkeyError::BadSeed("host".into()));
        assert_eq!(
            refused(ValkeyOptions::new(["a:1"]).with_prefix("a{b}")),
            ValkeyError::BadPrefix("a{b}".into())
        );
        let hasty = ValkeyOptions::new(["a:1"]).with_answer_timeout(Duration::ZERO);
        assert_eq!(refused(hasty), ValkeyError::Zero("answer_timeout"));
    }
}
