//! Add, list and revoke server keys: what an operator does, written down like what the keys do.

use bongsu_types::{KeyScope, ServerKey};
use tracing::info;

use super::{NewServerKey, ServerKeys};
use crate::{ServiceError, ServiceResult};

/// Keys that are valid at once: a few per server of the host app, and every verification looks at all of them.
const KEYS_VALID_MAX: usize = 100;

impl ServerKeys {
    /// Makes a key. Its text is in the answer and nowhere else. Holds here at once.
    ///
    /// # Errors
    /// `LimitReached` (`server_keys`), or when the store fails.
    pub async fn add(&self, scopes: Vec<KeyScope>) -> ServiceResult<NewServerKey> {
        let valid = self.list().await?.iter().filter(|key| key.revoked_ms.is_none()).count();
        if valid >= KEYS_VALID_MAX {
            return Err(ServiceError::LimitReached { limit: "server_keys", max: KEYS_VALID_MAX as u64 });
        }
        let key = NewServerKey::generate(scopes, self.clock.now_ms());
        self.put(key.row.clone()).await?;
        written_down("added", &key.row);
        Ok(key)
    }

    /// All keys there ever were, by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> ServiceResult<Vec<ServerKey>> {
        Ok(self.store.server_keys().await?)
    }

    /// Revokes a key, for good: from now on it opens nothing here. A key that is revoked already stays as it is.
    ///
    /// # Errors
    /// `NotFound`, or when the store fails.
    pub async fn revoke(&self, id: &str) -> ServiceResult<ServerKey> {
        let key = self.list().await?.into_iter().find(|key| key.id == id).ok_or(ServiceError::NotFound)?;
        if key.revoked_ms.is_some() {
            return Ok(key);
        }
        let revoked = ServerKey { revoked_ms: Some(self.clock.now_ms()), ..key };
        self.put(revoked.clone()).await?;
        written_down("revoked", &revoked);
        Ok(revoked)
    }
}

fn written_down(what: &'static str, key: &ServerKey) {
    info!(target: "bongsu::audit", { key.id, scopes = ?key.scopes }, "server key {what}");
}
