//! Users and their devices.

use bongsu_service::{ProfileChange, Service};
use bongsu_wire::{
    DeviceList, DeviceObject, Done, GetUsers, RemoveDevice, RevokeUser, UpdateUser, UpsertUsers, UserUpdate,
    Users, WireError,
};

use super::Caller;
use crate::error::wire_error;

pub(super) async fn devices(service: &Service, caller: &Caller) -> Result<DeviceList, WireError> {
    let devices = service.devices(caller.actor()?).await.map_err(wire_error)?;
    let object = |device| DeviceObject::new(device, caller.device());
    Ok(DeviceList { devices: devices.iter().map(object).collect() })
}

pub(super) async fn remove_device(
    service: &Service,
    caller: &Caller,
    params: RemoveDevice,
) -> Result<Done, WireError> {
    service.remove_device(caller.actor()?, &params.device).await.map_err(wire_error)?;
    Ok(Done {})
}

pub(super) async fn get(service: &Service, caller: &Caller, params: GetUsers) -> Result<Users, WireError> {
    let profiles = match caller {
        Caller::User { actor, .. } | Caller::Server { acting: Some(actor), .. } => {
            service.profiles(actor, &params.users).await
        }
        Caller::Server { key, acting: None } => service.profiles_as_key(key, &params.users).await,
    };
    Ok(profiles.map_err(wire_error)?.iter().collect())
}

pub(super) async fn update(
    service: &Service,
    caller: &Caller,
    params: UpdateUser,
) -> Result<Done, WireError> {
    let UpdateUser { name, image, data } = params;
    let change = ProfileChange { name, image, data };
    service.update_profile(caller.actor()?, change).await.map_err(wire_error)?;
    Ok(Done {})
}

pub(super) async fn upsert(
    service: &Service,
    caller: &Caller,
    params: UpsertUsers,
) -> Result<Done, WireError> {
    let change = |update| {
        let UserUpdate { user, name, image, data } = update;
        (user, ProfileChange { name, image, data })
    };
    let users: Vec<_> = params.users.into_iter().map(change).collect();
    service.upsert_users(caller.key()?, &users).await.map_err(wire_error)?;
    Ok(Done {})
}

pub(super) async fn revoke(
    service: &Service,
    caller: &Caller,
    params: RevokeUser,
) -> Result<Done, WireError> {
    service.revoke_user(caller.key()?, &params.user).await.map_err(wire_error)?;
    Ok(Done {})
}
