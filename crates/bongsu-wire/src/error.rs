//! The one table of errors: kind, code, HTTP status, and what a client may do next. Append-only, never reused.

use std::borrow::Cow;

use bongsu_types::Outcome;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{number, text};
use crate::schema::*;

/// What went wrong, in the words of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The frame or body is not JSON.
    Parse,
    /// The envelope is not a JSON-RPC 2.0 request, or the batch is empty or too long.
    InvalidRequest,
    /// No such method or route.
    UnknownMethod,
    /// A parameter is missing or has the wrong form; `field` says which.
    InvalidParams,
    /// A fault of the server; nothing is known about the attempt.
    Internal,
    /// No valid token or key.
    Unauthorized,
    /// The token is over; a new one helps.
    TokenExpired,
    /// Known who asks, and not allowed.
    Forbidden,
    /// There is no such thing, or it is not for the caller to see.
    NotFound,
    /// The idempotency key was used with another request, or the room would be left without an owner.
    Conflict,
    /// A value is over a size limit; `field` and `limit` say which.
    TooLarge,
    /// A number of things is over its limit; `limit` says which bound.
    LimitReached,
    /// Too fast; `retry_after_ms` says when.
    RateLimited,
    /// The server has too much to do at the moment.
    Overloaded,
    /// The store does not answer at the moment.
    Unavailable,
    /// Part of the protocol, but not of this server.
    Unsupported,
}

/// A row of the table.
struct Row {
    name: &'static str,
    code: i32,
    status: u16,
    retry: bool,
    outcome: Outcome,
}

const fn row(name: &'static str, code: i32, status: u16, retry: bool, outcome: Outcome) -> Row {
    Row { name, code, status, retry, outcome }
}

impl text::Text for ErrorKind {
    fn read(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| "must be a kind of the table".to_owned())
    }
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.name())
    }
}

impl ErrorKind {
    /// All kinds, in the order of the table.
    pub const ALL: [Self; 16] = [
        Self::Parse,
        Self::InvalidRequest,
        Self::UnknownMethod,
        Self::InvalidParams,
        Self::Internal,
        Self::Unauthorized,
        Self::TokenExpired,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::TooLarge,
        Self::LimitReached,
        Self::RateLimited,
        Self::Overloaded,
        Self::Unavailable,
        Self::Unsupported,
    ];

    /// The table.
    const fn row(self) -> Row {
        use Outcome::{NotApplied, Unknown};
        match self {
            Self::Parse => row("parse", -32700, 400, false, NotApplied),
            Self::InvalidRequest => row("invalid_request", -32600, 400, false, NotApplied),
            Self::UnknownMethod => row("unknown_method", -32601, 404, false, NotApplied),
            Self::InvalidParams => row("invalid_params", -32602, 400, false, NotApplied),
            Self::Internal => row("internal", -32603, 500, false, Unknown),
            Self::Unauthorized => row("unauthorized", -32001, 401, false, NotApplied),
            Self::TokenExpired => row("token_expired", -32002, 401, false, NotApplied),
            Self::Forbidden => row("forbidden", -32003, 403, false, NotApplied),
            Self::NotFound => row("not_found", -32004, 404, false, NotApplied),
            Self::Conflict => row("conflict", -32005, 409, false, NotApplied),
            Self::TooLarge => row("too_large", -32006, 413, false, NotApplied),
            Self::LimitReached => row("limit_reached", -32007, 422, false, NotApplied),
            Self::RateLimited => row("rate_limited", -32010, 429, true, NotApplied),
            Self::Overloaded => row("overloaded", -32011, 503, true, NotApplied),
            Self::Unavailable => row("unavailable", -32012, 503, true, NotApplied),
            Self::Unsupported => row("unsupported", -32013, 501, false, NotApplied),
        }
    }

    /// The JSON-RPC code.
    #[must_use]
    pub const fn code(self) -> i32 {
        self.row().code
    }

    /// The HTTP status of the same error over REST.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().status
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn retry(self) -> bool {
        self.row().retry
    }

    /// What is known about the attempt, unless the error says otherwise.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.row().outcome
    }

    /// The stable name: `error.data.kind`, and a label of metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }
}

/// An error as a client gets it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// For the person who debugs: lowercase, no secrets.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retry: bool,
    /// When it may: from now, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Whether this attempt may have happened.
    pub outcome: Outcome,
    /// Path of the parameter at fault, for example `device.id` or `members[2]`.
    pub field: Option<String>,
    /// The limit that was hit, in the unit of what it bounds.
    pub limit: Option<u64>,
}

impl WireError {
    /// An error of this kind, with the table's defaults.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry: kind.retry(),
            retry_after_ms: None,
            outcome: kind.outcome(),
            field: None,
            limit: None,
        }
    }

    /// A parameter is missing or has the wrong form.
    #[must_use]
    pub fn invalid_params(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParams, message).field(field)
    }

    /// Names the parameter at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// States the limit.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry = true;
        self.retry_after_ms = Some(ms);
        self
    }

    /// Says what is known about the attempt.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// The body of a REST error: `{"error":{code,message,data}}`.
    #[must_use]
    pub fn body(&self) -> String {
        crate::frame::to_text(&ErrorBody { error: self.clone() })
    }
}

/// The body of every REST error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// The same object a socket gets in its reply.
    #[schema(value_type = ErrorObject)]
    pub error: WireError,
}

/// A JSON-RPC error object.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct ErrorObject {
    /// Stable code of the kind.
    code: i32,
    /// For people.
    message: String,
    /// What a client acts on.
    data: ErrorData,
}

/// What a client acts on.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct ErrorData {
    /// Stable name of the kind.
    #[serde(with = "text")]
    kind: ErrorKind,
    /// Whether the same request may succeed later.
    retry: bool,
    /// When it may, in milliseconds from now.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Whether this attempt may have happened.
    #[serde(with = "text")]
    outcome: Outcome,
    /// Path of the parameter at fault.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The limit that was hit.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

impl Serialize for WireError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = ErrorData {
            kind: self.kind,
            retry: self.retry,
            retry_after_ms: self.retry_after_ms,
            outcome: self.outcome,
            field: self.field.clone(),
            limit: self.limit,
        };
        ErrorObject { code: self.kind.code(), message: self.message.clone(), data }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ErrorObject { code, message, data } = ErrorObject::deserialize(deserializer)?;
        if code != data.kind.code() {
            return Err(D::Error::custom("code and kind do not belong together"));
        }
        let ErrorData { kind, retry, retry_after_ms, outcome, field, limit } = data;
        Ok(Self { kind, message, retry, retry_after_ms, outcome, field, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_share_a_code_or_a_name() {
        for (at, kind) in ErrorKind::ALL.iter().enumerate() {
            for other in &ErrorKind::ALL[at + 1..] {
                assert_ne!(kind.code(), other.code());
                assert_ne!(kind.name(), other.name());
            }
        }
    }
}
