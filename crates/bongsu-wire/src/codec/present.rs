//! An optional field of a type serde knows: a value or nothing, where serde alone would take null for nothing.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the value; absence is `skip_serializing_if`'s.
#[expect(clippy::ref_option, reason = "serde passes a reference")]
pub(crate) fn serialize<T: Serialize, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.serialize(serializer)
}

/// Reads the value that is there.
pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
