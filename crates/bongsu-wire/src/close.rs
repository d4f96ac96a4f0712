//! Why the server closes a connection, and what the client is to do then. Append-only, never reused.

/// A close code the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// Abuse of the WebSocket protocol, for example a binary frame.
    Protocol,
    /// A text frame that is not UTF-8.
    InvalidUtf8,
    /// A frame over `frame_bytes`.
    FrameTooLarge,
    /// The server is being shut down.
    Draining,
    /// The server has too many sessions.
    Overloaded,
    /// No hello in time, silence, or a send queue that did not move.
    NoProgress,
    /// The token was refused, expired or revoked.
    Unauthorized,
    /// The device was removed.
    DeviceRemoved,
    /// A newer session of the same device took over.
    Replaced,
}

/// What a client does after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reconnect {
    /// Reconnect, after a random delay that grows with each failure.
    WithJitter,
    /// Reconnect in the same way, but do not send again what was in flight as it was: it is at fault.
    WithoutTheFault,
    /// Do not reconnect before the cause is gone: a new token, a new sign-in, a wish of the user.
    AfterTheCause,
}

impl CloseCode {
    /// All codes.
    pub const ALL: [Self; 9] = [
        Self::Protocol,
        Self::InvalidUtf8,
        Self::FrameTooLarge,
        Self::Draining,
        Self::Overloaded,
        Self::NoProgress,
        Self::Unauthorized,
        Self::DeviceRemoved,
        Self::Replaced,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::InvalidUtf8 => 1007,
            Self::FrameTooLarge => 1009,
            Self::Draining => 4001,
            Self::Overloaded => 4002,
            Self::NoProgress => 4008,
            Self::Unauthorized => 4101,
            Self::DeviceRemoved => 4102,
            Self::Replaced => 4109,
        }
    }

    /// The reason sent with it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Protocol => "protocol error",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::FrameTooLarge => "frame too large",
            Self::Draining => "draining",
            Self::Overloaded => "overloaded",
            Self::NoProgress => "no progress",
            Self::Unauthorized => "unauthorized",
            Self::DeviceRemoved => "device removed",
            Self::Replaced => "replaced by a newer session",
        }
    }

    /// The code of a number, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|close| close.code() == code)
    }
}

impl Reconnect {
    /// The policy of any close code, known or not: the range carries it.
    #[must_use]
    pub const fn after(code: u16) -> Self {
        match code {
            1002 | 1003 | 1007 | 1009 => Self::WithoutTheFault,
            4100..=4199 => Self::AfterTheCause,
            _ => Self::WithJitter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_their_range_is_their_policy() {
        for close in CloseCode::ALL {
            assert_eq!(CloseCode::from_code(close.code()), Some(close));
        }
        assert_eq!(Reconnect::after(CloseCode::Draining.code()), Reconnect::WithJitter);
        assert_eq!(Reconnect::after(CloseCode::Replaced.code()), Reconnect::AfterTheCause);
        assert_eq!(Reconnect::after(CloseCode::FrameTooLarge.code()), Reconnect::WithoutTheFault);
        assert_eq!(Reconnect::after(1006), Reconnect::WithJitter);
    }
}
