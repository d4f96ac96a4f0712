//! Sign user tokens for development and tests: what a host app does in production.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_types::{Clock, Millis, UserId};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

/// What a token is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// For whom.
    pub user: UserId,
    /// How long it is valid, in milliseconds.
    pub valid_ms: u64,
    /// The user's name.
    pub name: Option<String>,
    /// The user's image.
    pub image: Option<String>,
}

impl NewToken {
    /// Valid for a day, without name and image.
    #[must_use]
    pub fn of(user: UserId) -> Self {
        Self { user, valid_ms: 24 * 60 * 60 * 1_000, name: None, image: None }
    }
}

/// Signs tokens with a shared secret (HS256).
pub struct TokenSigner {
    key: EncodingKey,
    audience: String,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Payload<'a> {
    sub: &'a str,
    aud: &'a str,
    iat: f64,
    exp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
}

impl TokenSigner {
    /// Signs with `secret` for `audience`.
    #[must_use]
    pub fn new(secret: &[u8], audience: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { key: EncodingKey::from_secret(secret), audience: audience.into(), clock }
    }

    /// A signed token, issued now. Its times have milliseconds, so one issued right after a revocation holds.
    ///
    /// # Panics
    /// Never: HS256 signs any text.
    #[must_use]
    pub fn sign(&self, token: &NewToken) -> String {
        let now = self.clock.now_ms();
        let payload = Payload {
            sub: token.user.as_str(),
            aud: &self.audience,
            iat: seconds(now),
            exp: seconds(now.plus(token.valid_ms)),
            name: token.name.as_deref(),
            image: token.image.as_deref(),
        };
        jsonwebtoken::encode(&Header::default(), &payload, &self.key).expect("HS256 signs any text")
    }

    /// A fresh secret as text: 32 random bytes, base64url. The text itself is the secret.
    ///
    /// # Panics
    /// When the system gives no random bytes.
    #[must_use]
    pub fn new_secret() -> String {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit 53 bits")]
fn seconds(at: Millis) -> f64 {
    at.get() as f64 / 1_000.0
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner").field("audience", &self.audience).finish_non_exhaustive()
    }
}
