//! The user's own devices.

use bongsu_types::{Device, DeviceId, Millis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::codec::{number, text};
use crate::schema::*;

/// `device.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListDevices {}

/// Answer to `device.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceList {
    /// The active devices of the caller.
    pub devices: Vec<DeviceObject>,
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceObject {
    /// The device.
    #[serde(with = "text")]
    pub id: DeviceId,
    /// As its client said.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// As its client said.
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it was last seen.
    #[serde(with = "number")]
    pub last_active_ms: Millis,
    /// It is the one that asks.
    pub current: bool,
}

impl DeviceObject {
    /// The wire form of a device; `current` is the device that asks, if one does.
    #[must_use]
    pub fn new(device: &Device, current: Option<&DeviceId>) -> Self {
        Self {
            id: device.info.id.clone(),
            platform: device.info.platform.clone(),
            name: device.info.name.clone(),
            last_active_ms: device.last_active_ms,
            current: current == Some(&device.info.id),
        }
    }
}

/// `device.remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemoveDevice {
    /// The device.
    #[serde(with = "text")]
    pub device: DeviceId,
}
