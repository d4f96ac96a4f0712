//! Server keys: how a host app's servers prove themselves. The store holds only hashes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bongsu_store::Store;
use bongsu_types::{Clock, KeyScope, Millis, ServerKey, UserId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::development_key::{DEVELOPMENT, DEVELOPMENT_SCOPES};
use crate::{Actor, ServiceError, ServiceResult, actor};

/// Begins every key text, so that a leaked one is found.
const PREFIX: &str = "bsk_";

/// A key text longer than this is none.
const KEY_BYTES: usize = 128;

/// A change of the keys made elsewhere is seen within this time.
const STALE_MS: u64 = 2_000;

/// A fresh key: the text is shown once, the row is stored.
pub struct NewServerKey {
    /// `bsk_<id>_<secret>`.
    pub text: String,
    /// What the store holds of it.
    pub row: ServerKey,
}

impl NewServerKey {
    /// A key with 32 random bytes.
    ///
    /// # Panics
    /// When the system gives no random bytes.
    #[must_use]
    pub fn generate(scopes: Vec<KeyScope>, now: Millis) -> Self {
        Self::with_id(random_id(), scopes, now)
    }

    /// A development key: it may do everything, and its id says what it is.
    ///
    /// # Panics
    /// When the system gives no random bytes.
    #[must_use]
    pub fn development(now: Millis) -> Self {
        Self::with_id(format!("{DEVELOPMENT}{}", random_id()), DEVELOPMENT_SCOPES.to_vec(), now)
    }

    fn with_id(id: String, scopes: Vec<KeyScope>, now: Millis) -> Self {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).expect("the system gives random bytes");
        let text = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        let row = ServerKey { hash: hash(&text), id, scopes, created_ms: now, revoked_ms: None };
        Self { text, row }
    }

    /// The row of a key text that exists, for example in a file; `None` when it is not a key text.
    #[must_use]
    pub fn row_of(text: &str, scopes: Vec<KeyScope>, now: Millis) -> Option<ServerKey> {
        let id = id_of(text)?.to_owned();
        Some(ServerKey { hash: hash(text), id, scopes, created_ms: now, revoked_ms: None })
    }
}

/// Verifies server keys, with the rows kept in memory for at most two seconds.
pub struct ServerKeys {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    read_ms: Option<Millis>,
    by_id: Arc<HashMap<String, ServerKey>>,
}

/// A server key that was verified: what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedKey {
    id: String,
    scopes: Vec<KeyScope>,
}

impl ServerKeys {
    /// Verifies against the keys of `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: Mutex::default() }
    }

    /// The key of a key text.
    ///
    /// # Errors
    /// `Unauthorized` when it is unknown, wrong or revoked.
    pub async fn verify(&self, text: &str) -> ServiceResult<VerifiedKey> {
        let id = id_of(text).ok_or(ServiceError::Unauthorized)?;
        let now = self.clock.now_ms();
        let keys = self.keys(now).await?;
        let key = keys.get(id).ok_or(ServiceError::Unauthorized)?;
        let is_same = bool::from(key.hash.ct_eq(&hash(text)));
        let is_revoked = key.revoked_ms.is_some_and(|at| at <= now);
        if !is_same || is_revoked {
            return Err(ServiceError::Unauthorized);
        }
        Ok(VerifiedKey { id: key.id.clone(), scopes: key.scopes.clone() })
    }

    /// Stores a key, or replaces the one of the same id, for example by a revoked one. Holds here at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put(&self, key: ServerKey) -> ServiceResult<()> {
        self.store.put_server_key(key).await?;
        self.lock().read_ms = None;
        Ok(())
    }

    async fn keys(&self, now: Millis) -> ServiceResult<Arc<HashMap<String, ServerKey>>> {
        {
            let known = self.lock();
            if known.read_ms.is_some_and(|at| now.since(at) < STALE_MS) {
                return Ok(known.by_id.clone());
            }
        }
        let rows = self.store.server_keys().await?;
        let by_id: HashMap<String, ServerKey> = rows.into_iter().map(|key| (key.id.clone(), key)).collect();
        let mut known = self.lock();
        *known = Known { read_ms: Some(now), by_id: Arc::new(by_id) };
        Ok(known.by_id.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VerifiedKey {
    /// Public part of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `user`, on the word of this key.
    ///
    /// # Errors
    /// `Forbidden` when the key may not act for users.
    pub fn act_for(&self, user: UserId) -> ServiceResult<Actor> {
        self.require(KeyScope::Act)?;
        Ok(Actor::server(user, self.id.clone()))
    }

    pub(crate) fn require(&self, scope: KeyScope) -> ServiceResult<()> {
        if self.scopes.contains(&scope) { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    pub(crate) fn audit(&self, user: Option<&UserId>, op: &'static str) {
        actor::audit(&self.id, user, op);
    }
}

/// Hex: an id must not hold the `_` that ends it.
fn random_id() -> String {
    let mut id = [0_u8; 6];
    getrandom::fill(&mut id).expect("the system gives random bytes");
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn id_of(text: &str) -> Option<&str> {
    if text.len() > KEY_BYTES {
        return None;
    }
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    (!id.is_empty() && !secret.is_empty()).then_some(id)
}

impl fmt::Debug for NewServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewServerKey").field("id", &self.row.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerKeys").finish_non_exhaustive()
    }
}
