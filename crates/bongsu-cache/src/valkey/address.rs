//! The name of a server: host and port.

use std::fmt;
use std::sync::Arc;

/// Where a server listens.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    pub(super) host: Arc<str>,
    pub(super) port: u16,
}

impl Address {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// `host:port`, also with `redis://` or `valkey://` before it. The host may be an IPv6 address, in brackets or not.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("redis://").or_else(|| text.strip_prefix("valkey://")).unwrap_or(text);
        let (host, port) = text.trim_end_matches('/').rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let sound = !host.is_empty() && !host.contains(['/', '@', ' ']);
        sound.then_some(Self::new(host, port.parse().ok()?))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(out, "[{}]:{}", self.host, self.port);
        }
        write!(out, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_servers_and_people_write_them() {
        for text in ["127.0.0.1:6379", "redis://127.0.0.1:6379", "valkey://127.0.0.1:6379/"] {
            assert_eq!(Address::parse(text), Some(Address::new("127.0.0.1", 6379)), "{text}");
        }
        for text in ["::1:6379", "[::1]:6379"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), "[::1]:6379");
        }
        for text in ["", "host", ":1", "host:", "host:70000", "a/b:1", "u:p@host:1"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
