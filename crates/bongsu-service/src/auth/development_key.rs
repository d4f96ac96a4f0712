//! The development key: the one in the file of the data directory, and none of those that stood there before.

use bongsu_types::{KeyScope, ServerKey};

use super::{NewServerKey, ServerKeys};
use crate::ServiceResult;

/// Begins the id of a development key. No id of another key does: they are hex.
pub(super) const DEVELOPMENT: &str = "dev";

/// A development key may do everything.
pub(super) const DEVELOPMENT_SCOPES: [KeyScope; 2] = [KeyScope::Act, KeyScope::Users];

/// What became of the key in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevelopmentKey {
    /// Its id.
    pub id: String,
    /// Whether it opens anything: it does not when it was revoked, or when its id is another key's.
    pub is_valid: bool,
    /// Development keys that were valid until now.
    pub revoked: Vec<String>,
}

impl ServerKeys {
    /// Stores the key of the file unless the store has it, and revokes all other development keys. What the store has
    /// stays as it is: a revoked key stays revoked, a narrow one narrow. The same file again changes nothing.
    ///
    /// `None` when the text is no key text.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle_development_key(&self, text: &str) -> ServiceResult<Option<DevelopmentKey>> {
        let now = self.clock.now_ms();
        let Some(row) = NewServerKey::row_of(text, DEVELOPMENT_SCOPES.to_vec(), now) else {
            return Ok(None);
        };
        let id = row.id.clone();
        let keys = self.list().await?;
        let is_valid = match keys.iter().find(|key| key.id == id) {
            Some(stored) => stored.revoked_ms.is_none() && stored.hash == row.hash,
            None => {
                self.put(row).await?;
                true
            }
        };
        let mut revoked = Vec::new();
        for key in keys {
            if is_development(&key) && key.id != id && key.revoked_ms.is_none() {
                revoked.push(self.revoke(&key.id).await?.id);
            }
        }
        Ok(Some(DevelopmentKey { id, is_valid, revoked }))
    }
}

fn is_development(key: &ServerKey) -> bool {
    key.id.starts_with(DEVELOPMENT)
}
