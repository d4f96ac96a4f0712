//! How the domain's types are written in JSON: serde helpers, used with `#[serde(with = "..")]`.
//!
//! The domain crate knows no serde, so each field names the form it has on the wire. `null` is refused everywhere:
//! an optional field goes through an `option` helper, which takes a value or nothing at all.

pub(crate) mod json;
pub(crate) mod mentions;
pub(crate) mod number;
pub(crate) mod object;
pub(crate) mod present;
pub(crate) mod retention;
pub(crate) mod text;

/// For `skip_serializing_if`: false is what absence means.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !*flag
}
