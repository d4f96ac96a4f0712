//! The JWKS file: public keys of the host app, read anew when they change.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use bongsu_types::Millis;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use tracing::{info, warn};

use super::tokens::{KeyError, VerifyingKey};

/// How often the file is looked at, at most.
const CHECK_MS: u64 = 10_000;

/// Keys taken from a file; one token may be tried with each of them.
const KEYS_MAX: usize = 32;

/// Keys from a file. A file that cannot be read or parsed leaves the keys as they were.
pub(super) struct JwksFile {
    path: PathBuf,
    state: RwLock<State>,
}

struct State {
    checked_ms: Millis,
    text: String,
    keys: Arc<[VerifyingKey]>,
}

/// The set as it comes: each key is parsed by itself, so that one of an unknown kind does no harm.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl JwksFile {
    pub(super) async fn open(path: PathBuf, now: Millis) -> Result<Self, KeyError> {
        let text = match tokio::fs::read_to_string(&path).await {
            Ok(text) => text,
            Err(reason) => return Err(KeyError::Read { path, reason }),
        };
        match parse(&text) {
            Ok(keys) => {
                let state = State { checked_ms: now, text, keys: keys.into() };
                Ok(Self { path, state: RwLock::new(state) })
            }
            Err(reason) => Err(KeyError::Parse { path, reason }),
        }
    }

    /// The keys, at most [`CHECK_MS`] older than the file.
    pub(super) async fn keys(&self, now: Millis) -> Arc<[VerifyingKey]> {
        if !self.claim_check(now) {
            return self.read_state().keys.clone();
        }
        match tokio::fs::read_to_string(&self.path).await {
            Ok(text) => self.take(text),
            Err(error) => warn!(%error, "the JWKS file cannot be read, going on with the keys known"),
        }
        self.read_state().keys.clone()
    }

    /// Whether the caller is the one to look at the file now.
    fn claim_check(&self, now: Millis) -> bool {
        let is_due = |state: &State| now.since(state.checked_ms) >= CHECK_MS;
        if !is_due(&self.read_state()) {
            return false;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let due = is_due(&state);
        if due {
            state.checked_ms = now;
        }
        due
    }

    fn take(&self, text: String) {
        if self.read_state().text == text {
            return;
        }
        match parse(&text) {
            Ok(keys) => {
                info!(keys = keys.len(), "JWKS file read");
                let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                state.keys = keys.into();
                state.text = text;
            }
            Err(error) => warn!(%error, "the JWKS file is not a key set, going on with the keys known"),
        }
    }

    fn read_state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(text: &str) -> Result<Vec<VerifyingKey>, serde_json::Error> {
    let set: KeySet = serde_json::from_str(text)?;
    let mut keys = Vec::new();
    for value in set.keys.into_iter().take(KEYS_MAX) {
        match serde_json::from_value::<Jwk>(value).ok().as_ref().and_then(verifying_key) {
            Some(key) => keys.push(key),
            None => warn!("a key of the JWKS file is not for RS256, ES256 or EdDSA signatures: skipped"),
        }
    }
    Ok(keys)
}

/// The key with the one algorithm it is for. A symmetric key does not belong in a file of public keys.
fn verifying_key(jwk: &Jwk) -> Option<VerifyingKey> {
    if jwk.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, said) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.as_ref().is_some_and(|named| *named != said) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some(VerifyingKey { kid: jwk.common.key_id.clone(), algorithm, key })
}
