//! Fields that are positions, revisions or instants: integers below 2^53, so that every client can hold them.

use bongsu_types::{Epoch, Millis, Ordinal, Seq, UserRev};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first integer that a double cannot tell from its neighbour.
pub(crate) const END: u64 = 1 << 53;

/// A newtype over `u64`.
pub(crate) trait Number: Copy {
    /// Wraps the plain number.
    fn wrap(plain: u64) -> Self;
    /// The plain number.
    fn plain(self) -> u64;
}

macro_rules! numbers {
    ($($number:ident),*) => {$(
        impl Number for $number {
            fn wrap(plain: u64) -> Self {
                Self(plain)
            }
            fn plain(self) -> u64 {
                self.0
            }
        }
    )*};
}

numbers!(Epoch, Millis, Ordinal, Seq, UserRev);

impl Number for u64 {
    fn wrap(plain: u64) -> Self {
        plain
    }
    fn plain(self) -> u64 {
        self
    }
}

/// Writes an integer.
pub(crate) fn serialize<T: Number, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(value.plain())
}

/// Reads an integer below 2^53.
pub(crate) fn deserialize<'de, T: Number, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let plain = u64::deserialize(deserializer)?;
    if plain >= END {
        return Err(D::Error::invalid_value(Unexpected::Unsigned(plain), &"an integer below 2^53"));
    }
    Ok(T::wrap(plain))
}

/// An optional integer: absent, never null.
pub(crate) mod option {
    use super::{Deserializer, Number, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(crate) fn serialize<T: Number, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: Number, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

/// An object from room ids to positions.
pub(crate) mod by_room {
    use std::collections::BTreeMap;

    use bongsu_types::{RoomId, Seq};

    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};
    use crate::codec::text;

    struct Plain<T>(T);

    impl<T: Number> Serialize for Plain<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            super::serialize(&self.0, serializer)
        }
    }

    impl<'de, T: Number> Deserialize<'de> for Plain<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            super::deserialize(deserializer).map(Plain)
        }
    }

    pub(crate) fn serialize<S: Serializer>(
        map: &BTreeMap<RoomId, Seq>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(room, seq)| (text::Wire(room), Plain(*seq))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<RoomId, Seq>, D::Error> {
        let map: BTreeMap<RoomId, Plain<Seq>> = text::map::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(room, seq)| (room, seq.0)).collect())
    }
}
