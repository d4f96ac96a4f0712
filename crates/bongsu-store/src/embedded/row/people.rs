//! Users, profiles, devices and their cursors, server keys.

use bongsu_types::{
    Device, DeviceId, DeviceInfo, Epoch, KeyScope, Millis, Profile, Seq, ServerKey, SessionNo, UserId,
    UserRev,
};

use crate::embedded::codec::{Corrupt, Decoded, Reader, Writer};

/// What is counted and remembered per user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UserState {
    /// Somebody named this user; false while there was only a revocation.
    pub(crate) known: bool,
    /// Dense revision of the user's own facts.
    pub(crate) rev: UserRev,
    /// Rooms the user is a member of, requests not counted.
    pub(crate) rooms: u32,
    /// The next cursor slot to give.
    pub(crate) next_slot: u32,
    /// Tokens issued at or before this instant are refused.
    pub(crate) revoked_ms: Option<Millis>,
    /// Tombstones up to this revision may be gone: changes since an earlier one cannot be told.
    pub(crate) changes_floor: UserRev,
}

pub(crate) fn encode_user(state: &UserState) -> Vec<u8> {
    let mut out = Writer::value();
    out.flag(state.known)
        .number(state.rev.0)
        .number(u64::from(state.rooms))
        .number(u64::from(state.next_slot));
    out.optional_number(state.revoked_ms.map(|at| at.0)).number(state.changes_floor.0);
    out.finish()
}

pub(crate) fn decode_user(bytes: &[u8]) -> Decoded<UserState> {
    let mut input = Reader::value(bytes)?;
    let state = UserState {
        known: input.flag()?,
        rev: UserRev(input.number()?),
        rooms: input.small()?,
        next_slot: input.small()?,
        revoked_ms: input.option(Reader::millis)?,
        changes_floor: UserRev(input.number()?),
    };
    input.end()?;
    Ok(state)
}

pub(crate) fn encode_profile(profile: &Profile) -> Vec<u8> {
    let mut out = Writer::value();
    out.text(&profile.name).text(&profile.image);
    out.optional_text(profile.data.as_ref().map(|data| data.as_str()));
    out.finish()
}

pub(crate) fn decode_profile(user: &UserId, bytes: &[u8]) -> Decoded<Profile> {
    let mut input = Reader::value(bytes)?;
    let profile = Profile {
        user: user.clone(),
        name: input.string()?,
        image: input.string()?,
        data: input.option(Reader::json)?,
    };
    input.end()?;
    Ok(profile)
}

/// A device as stored; one that is no longer active stays as long as a device may be away, so that its session numbers
/// go on and the tokens it had are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredDevice {
    pub(crate) device: Device,
    /// Generation of the store it was registered in: in another one its cursors mean nothing.
    pub(crate) epoch: Epoch,
    /// Since when it is no longer registered: it was removed, replaced, or it expired.
    pub(crate) ended_ms: Option<Millis>,
    /// When it was removed: tokens issued until then are refused for it.
    pub(crate) revoked_ms: Option<Millis>,
}

impl StoredDevice {
    pub(crate) fn is_active(&self) -> bool {
        self.ended_ms.is_none()
    }
}

pub(crate) fn encode_device(stored: &StoredDevice) -> Vec<u8> {
    let device = &stored.device;
    let mut out = Writer::value();
    out.text(&device.info.platform).text(&device.info.name);
    out.number(device.session_no.0).number(device.last_active_ms.0).number(stored.epoch.0);
    out.optional_number(stored.ended_ms.map(|at| at.0)).optional_number(stored.revoked_ms.map(|at| at.0));
    out.finish()
}

pub(crate) fn decode_device(id: &DeviceId, bytes: &[u8]) -> Decoded<StoredDevice> {
    let mut input = Reader::value(bytes)?;
    let device = Device {
        info: DeviceInfo { id: id.clone(), platform: input.string()?, name: input.string()? },
        session_no: SessionNo(input.number()?),
        last_active_ms: input.millis()?,
    };
    let stored = StoredDevice {
        device,
        epoch: Epoch(input.number()?),
        ended_ms: input.option(Reader::millis)?,
        revoked_ms: input.option(Reader::millis)?,
    };
    input.end()?;
    Ok(stored)
}

/// Acked seqs of one row of cursors: (slot within the row, seq), ascending by slot.
pub(crate) type Cursors = Vec<(u8, Seq)>;

pub(crate) fn encode_cursors(cursors: &Cursors) -> Vec<u8> {
    let mut out = Writer::value();
    out.list(cursors, |out, (slot, seq)| {
        out.byte(*slot).number(seq.0);
    });
    out.finish()
}

pub(crate) fn decode_cursors(bytes: &[u8]) -> Decoded<Cursors> {
    let mut input = Reader::value(bytes)?;
    let cursors = input.list(|input| Ok((input.byte()?, input.seq()?)))?;
    input.end()?;
    Ok(cursors)
}

pub(crate) fn encode_server_key(key: &ServerKey) -> Vec<u8> {
    let mut out = Writer::value();
    out.raw(&key.hash);
    out.list(&key.scopes, |out, scope| {
        out.byte(match scope {
            KeyScope::Act => 0,
            KeyScope::Users => 1,
        });
    });
    out.number(key.created_ms.0).optional_number(key.revoked_ms.map(|at| at.0));
    out.finish()
}

pub(crate) fn decode_server_key(id: &[u8], bytes: &[u8]) -> Decoded<ServerKey> {
    let id = std::str::from_utf8(id).map_err(|_| Corrupt("key is not UTF-8"))?.to_owned();
    let mut input = Reader::value(bytes)?;
    let key = ServerKey {
        id,
        hash: input.array()?,
        scopes: input.list(|input| match input.byte()? {
            0 => Ok(KeyScope::Act),
            1 => Ok(KeyScope::Users),
            _ => Err(Corrupt("unknown scope of a server key")),
        })?,
        created_ms: input.millis()?,
        revoked_ms: input.option(Reader::millis)?,
    };
    input.end()?;
    Ok(key)
}
