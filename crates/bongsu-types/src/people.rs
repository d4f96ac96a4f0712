//! Users, their devices, and the keys of the host app's servers.

use crate::{DeviceId, JsonObject, Millis, SessionNo, UserId};

/// What others see of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user: UserId,
    /// Name; empty when none.
    pub name: String,
    /// Image URL; empty when none.
    pub image: String,
    /// The host app's own facts.
    pub data: Option<JsonObject>,
}

/// What a client says of the device it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The device, named by the client.
    pub id: DeviceId,
    /// For example `ios`, `android`, `web`; empty when not given. At most 64 bytes.
    pub platform: String,
    /// For people; empty when not given. At most 128 bytes.
    pub name: String,
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What the client said of it.
    pub info: DeviceInfo,
    /// Number of its last session.
    pub session_no: SessionNo,
    /// Moves with hello and acks; 30 days without deactivate it.
    pub last_active_ms: Millis,
}

/// What a server key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Act for any user (rooms, messages, reads).
    Act,
    /// Create, change and revoke users.
    Users,
}

/// A server key as stored: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKey {
    /// Public part: names the key in logs and lists.
    pub id: String,
    /// SHA-256 of the whole key text.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<KeyScope>,
    /// When it was made.
    pub created_ms: Millis,
    /// When it was revoked.
    pub revoked_ms: Option<Millis>,
}
