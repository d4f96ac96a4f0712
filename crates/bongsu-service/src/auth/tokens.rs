//! Verify user tokens: a shared secret, a JWKS file, or both; each key with the one algorithm it is for.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bongsu_types::Clock;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use tracing::debug;

use super::claims::{Claims, Payload, TokenError};
use super::jwks::JwksFile;

/// A secret shared with the host app, for HS256.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Only tokens that name this `kid`; absent: any token that names no other key.
    pub kid: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Which tokens are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// `aud` of every token.
    pub audience: String,
    /// Shared secrets; several while one replaces the other.
    pub secrets: Vec<Secret>,
    /// A file with a JSON Web Key Set (RS256, ES256, EdDSA); read anew when it changes.
    pub jwks_file: Option<PathBuf>,
}

/// Verifies user tokens. Cheap to share; one of a server.
pub struct TokenVerifier {
    audience: String,
    clock: Arc<dyn Clock>,
    secrets: Vec<VerifyingKey>,
    jwks: Option<JwksFile>,
}

/// A key that verifies, and the one algorithm it is for.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Why a verifier cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// HS256 asks for a key as long as its hash (RFC 7518, 3.2).
    #[error("a shared secret has at least {SECRET_BYTES_MIN} bytes")]
    ShortSecret,
    /// The JWKS file cannot be read.
    #[error("the JWKS file {} cannot be read: {reason}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The JWKS file is not a key set.
    #[error("the JWKS file {} is not a key set: {reason}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: serde_json::Error,
    },
}

/// Bytes of a shared secret, at least.
const SECRET_BYTES_MIN: usize = 32;

/// A token longer than this is none.
const TOKEN_BYTES: usize = 8 * 1024;

impl TokenVerifier {
    /// Believes tokens as `settings` say.
    ///
    /// # Errors
    /// When a secret is too short or the JWKS file is not there or not a key set: later faults of the file leave the
    /// keys as they were, so the first reading has to be right.
    pub async fn open(settings: TokenSettings, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        if settings.secrets.iter().any(|secret| secret.bytes.len() < SECRET_BYTES_MIN) {
            return Err(KeyError::ShortSecret);
        }
        let jwks = match settings.jwks_file {
            Some(path) => Some(JwksFile::open(path, clock.now_ms()).await?),
            None => None,
        };
        let of_secret = |secret: Secret| VerifyingKey {
            kid: secret.kid,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(&secret.bytes),
        };
        let secrets = settings.secrets.into_iter().map(of_secret).collect();
        Ok(Self { audience: settings.audience, clock, secrets, jwks })
    }

    /// The claims of a token whose signature, audience and times are right. Whether it was revoked, the store knows:
    /// [`crate::Service::actor_of`] and [`crate::Service::open_session`] ask it.
    ///
    /// # Errors
    /// [`TokenError::Expired`], or another when it never was valid here.
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let now = self.clock.now_ms();
        let from_file = match &self.jwks {
            Some(file) => file.keys(now).await,
            None => Arc::default(),
        };
        let claims = self.payload(token, &from_file).and_then(|payload| payload.checked(&self.audience, now));
        if let Err(error) = &claims {
            debug!(reason = %error, "token refused");
        }
        claims
    }

    fn payload(&self, token: &str, from_file: &[VerifyingKey]) -> Result<Payload, TokenError> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        let mut found = TokenError::UnknownKey;
        for candidate in self.secrets.iter().chain(from_file) {
            if !candidate.fits(header.alg, header.kid.as_deref()) {
                continue;
            }
            match jsonwebtoken::decode::<Payload>(token, &candidate.key, &signature_only(candidate.algorithm))
            {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) => found = reason(&error),
            }
        }
        Err(found)
    }
}

impl VerifyingKey {
    /// The algorithm is the key's, never the token's choice; a `kid` named by both has to be the same.
    fn fits(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        let same_key = match (self.kid.as_deref(), kid) {
            (Some(own), Some(named)) => own == named,
            // A token that names no key is tried with all of them; a key without a name is tried for all tokens.
            (Some(_) | None, None) | (None, Some(_)) => true,
        };
        self.algorithm == algorithm && same_key
    }
}

/// Checks the signature alone: the library would take the time from the machine, so claims are checked by ourselves.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn reason(error: &jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        jsonwebtoken::errors::ErrorKind::Json(_) => TokenError::Malformed,
        _ => TokenError::BadSignature,
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").field("audience", &self.audience).finish_non_exhaustive()
    }
}
