//! What the servers' answers mean.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use crate::contract::{Epoch, Filled, Found, L2Error, Lease, Stored};

/// About seventy years.
const LIFE_MAX_MS: i64 = 1 << 41;

/// An entry and the time it has left, if it is there.
pub(super) fn stored(value: Value, left: &Value) -> Result<Option<Stored>, L2Error> {
    let bytes = match value {
        Value::BulkString(bytes) => Bytes::from(bytes),
        Value::Nil => return Ok(None),
        _ => return Err(unexpected()),
    };
    // What ended in between, or has no end, is none of ours any more.
    let left = u64::try_from(integer(left)?).ok().map(Duration::from_millis);
    Ok(left.map(|left| Stored { bytes, left }))
}

/// What the lease script returned.
pub(super) fn lease_answer(value: Value, epoch: Epoch) -> Result<Lease, L2Error> {
    let Value::Array(mut parts) = value else { return Err(unexpected()) };
    let left = parts.pop();
    match (parts.as_mut_slice(), left) {
        ([], Some(Value::Int(1))) => Ok(Lease::Won(epoch)),
        ([Value::Int(2)], Some(left)) => Ok(Lease::Held { left: time_left(&left)? }),
        ([Value::Int(3), value], Some(left)) => {
            let stored = stored(std::mem::replace(value, Value::Nil), &left)?;
            Ok(Lease::Filled(Found { epoch, stored }))
        }
        _ => Err(unexpected()),
    }
}

/// What the scripts returned that need a lease to stand.
pub(super) fn filled(value: &Value) -> Result<Filled, L2Error> {
    Ok(if integer(value)? == 1 { Filled::Stored } else { Filled::Superseded })
}

pub(super) fn integer(value: &Value) -> Result<i64, L2Error> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => Err(unexpected()),
    }
}

/// A number as text, as the fields of a hash are.
pub(super) fn number_text(value: &Value) -> Result<i64, L2Error> {
    let Value::BulkString(bytes) = value else { return Err(unexpected()) };
    std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or_else(unexpected)
}

pub(super) fn parts(value: &Value) -> Result<&[Value], L2Error> {
    value.as_sequence().ok_or_else(unexpected)
}

/// At least one, as the servers take no life of zero, and no more than fits together with their clock.
pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(LIFE_MAX_MS).clamp(1, LIFE_MAX_MS)
}

fn time_left(value: &Value) -> Result<Duration, L2Error> {
    Ok(Duration::from_millis(u64::try_from(integer(value)?).unwrap_or(0)))
}

pub(super) fn unexpected() -> L2Error {
    L2Error::Refused("an answer of an unexpected kind".to_owned())
}
