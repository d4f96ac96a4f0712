//! Who acts, and on whose word; what a server key does in a user's name is written down.

use bongsu_store::Authority;
use bongsu_types::UserId;
use tracing::info;

/// A user who acts, proven by their own token or named by a server key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// On whose word.
    pub authority: Authority,
    /// The server key that acts for the user; for the audit log.
    pub key_id: Option<String>,
}

impl Actor {
    /// A user with their own token.
    #[must_use]
    pub fn user(user: UserId) -> Self {
        Self { user, authority: Authority::User, key_id: None }
    }

    /// A user for whom a server key acts. [`crate::auth::VerifiedKey::act_for`] makes these.
    #[must_use]
    pub(crate) fn server(user: UserId, key_id: String) -> Self {
        Self { user, authority: Authority::Server, key_id: Some(key_id) }
    }

    /// Writes down what a server key does; nothing for a user's own token.
    pub(crate) fn audit(&self, op: &'static str) {
        if let Some(key_id) = &self.key_id {
            audit(key_id, Some(&self.user), op);
        }
    }
}

/// One line of the audit log: which key did what, and in whose name.
pub(crate) fn audit(key_id: &str, user: Option<&UserId>, op: &'static str) {
    let user = user.map_or("", UserId::as_str);
    info!(target: "bongsu::audit", { key.id = key_id, user.id = user, op }, "server key acts");
    metrics::counter!("bongsu_server_key_acts_total", "op" => op).increment(1);
}
