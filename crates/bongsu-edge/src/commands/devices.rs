//! Devices of the caller: list, remove.

use bongsu_service::{Actor, Service};
use bongsu_types::DeviceId;
use bongsu_wire::{DeviceList, DeviceObject, Done, RemoveDevice};

use super::{Answer, answer};

/// `device.list`; `current` is the device that asks, if one does.
pub(crate) async fn list(service: &Service, actor: &Actor, current: Option<&DeviceId>) -> Answer<DeviceList> {
    let devices = answer(service.devices(actor).await)?;
    Ok(DeviceList { devices: devices.iter().map(|device| DeviceObject::new(device, current)).collect() })
}

/// `device.remove`.
pub(crate) async fn remove(service: &Service, actor: &Actor, params: RemoveDevice) -> Answer<Done> {
    answer(service.remove_device(actor, &params.device).await)?;
    Ok(Done {})
}
