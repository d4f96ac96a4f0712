//! What a token says, and why it may not be believed.

use bongsu_types::{Millis, UserId};
use serde::Deserialize;

use crate::ServiceError;

/// What a token that was verified says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`.
    pub user: UserId,
    /// `iat`: decides whether a revocation concerns it.
    pub issued_ms: Millis,
    /// `exp`: its sessions end then.
    pub expires_ms: Millis,
    /// The user's name, where the host app owns profiles.
    pub name: Option<String>,
    /// The user's image, likewise.
    pub image: Option<String>,
}

/// Why a token is refused. Clients hear only whether it expired; the rest is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, or too long for one.
    #[error("not a token")]
    Malformed,
    /// No key of ours fits its algorithm and `kid`.
    #[error("signed with an unknown key or algorithm")]
    UnknownKey,
    /// The signature is not of its content.
    #[error("the signature is wrong")]
    BadSignature,
    /// A claim is absent or of a wrong type.
    #[error("the claim {0} is missing or malformed")]
    Claim(&'static str),
    /// It is for somebody else.
    #[error("the audience is another")]
    Audience,
    /// It is from the future.
    #[error("not valid yet")]
    NotYet,
    /// It is from the past.
    #[error("expired")]
    Expired,
}

impl From<TokenError> for ServiceError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::TokenExpired,
            TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::BadSignature
            | TokenError::Claim(_)
            | TokenError::Audience
            | TokenError::NotYet => Self::Unauthorized,
        }
    }
}

/// The payload as it comes; every claim is looked at by [`Payload::checked`].
#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    sub: Option<String>,
    aud: Option<Audience>,
    iat: Option<f64>,
    exp: Option<f64>,
    nbf: Option<f64>,
    name: Option<String>,
    image: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// How far the clock of the host app may be from ours.
const LEEWAY_MS: u64 = 30_000;

impl Payload {
    /// The claims, if the token is for `audience` and valid at `now`.
    pub(super) fn checked(self, audience: &str, now: Millis) -> Result<Claims, TokenError> {
        let sub = self.sub.ok_or(TokenError::Claim("sub"))?;
        let user = UserId::new(&sub).map_err(|_| TokenError::Claim("sub"))?;
        let is_ours = match self.aud.ok_or(TokenError::Claim("aud"))? {
            Audience::One(one) => one == audience,
            Audience::Several(several) => several.iter().any(|one| one == audience),
        };
        if !is_ours {
            return Err(TokenError::Audience);
        }
        let issued_ms = instant(self.iat).ok_or(TokenError::Claim("iat"))?;
        let expires_ms = instant(self.exp).ok_or(TokenError::Claim("exp"))?;
        let from_ms = match self.nbf {
            Some(_) => instant(self.nbf).ok_or(TokenError::Claim("nbf"))?.max(issued_ms),
            None => issued_ms,
        };
        if from_ms > now.plus(LEEWAY_MS) {
            return Err(TokenError::NotYet);
        }
        if expires_ms.plus(LEEWAY_MS) <= now {
            return Err(TokenError::Expired);
        }
        Ok(Claims { user, issued_ms, expires_ms, name: self.name, image: self.image })
    }
}

/// Latest instant a token may name, in seconds: the year 9999.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// Seconds of a `NumericDate`, which may have a fraction, in milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within range")]
fn instant(seconds: Option<f64>) -> Option<Millis> {
    let seconds = seconds?;
    (0.0..=SECONDS_MAX).contains(&seconds).then(|| Millis((seconds * 1_000.0).round() as u64))
}
