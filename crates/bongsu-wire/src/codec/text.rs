//! Fields that are JSON strings: ids, words, plain text. U+0000 is refused in all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bongsu_types::{
    ClientId, DeviceId, Emoji, MessageKind, Outcome, Role, RoomId, RoomKey, RoomKind, UserId,
};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type that is a string on the wire.
pub(crate) trait Text: Sized {
    /// Reads the text, or says what it must be.
    fn read(text: &str) -> Result<Self, String>;
    /// The text.
    fn write(&self) -> Cow<'_, str>;
}

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl Text for $id {
            fn read(text: &str) -> Result<Self, String> {
                Self::new(text).map_err(|reason| reason.to_string())
            }
            fn write(&self) -> Cow<'_, str> {
                Cow::Borrowed(self.as_str())
            }
        }
    )*};
}

ids!(UserId, DeviceId, ClientId, RoomKey, Emoji);

impl Text for RoomId {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|reason: bongsu_types::InvalidId| reason.to_string())
    }
    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl Text for String {
    fn read(text: &str) -> Result<Self, String> {
        if text.contains('\0') { Err("must not contain U+0000".to_owned()) } else { Ok(text.to_owned()) }
    }
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

/// Types with a few named values: one list of names serves reading and writing.
macro_rules! words {
    ($($word:ty { $($name:literal = $variant:ident),* })*) => {$(
        impl $crate::codec::text::Text for $word {
            fn read(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(format!("must be one of: {}", [$($name),*].join(", "))),
                }
            }
            fn write(&self) -> std::borrow::Cow<'_, str> {
                std::borrow::Cow::Borrowed(match self { $(Self::$variant => $name),* })
            }
        }
    )*};
}
pub(crate) use words;

words! {
    RoomKind { "direct" = Direct, "group" = Group, "channel" = Channel }
    Role { "member" = Member, "admin" = Admin, "owner" = Owner }
    MessageKind { "message" = Message, "system" = System }
    Outcome { "not_applied" = NotApplied, "unknown" = Unknown }
}

/// A [`Text`] as serde sees it: lets serde's own containers hold domain types.
pub(crate) struct Wire<T>(pub(crate) T);

impl<T: Text> Serialize for Wire<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.write())
    }
}

impl<'de, T: Text> Deserialize<'de> for Wire<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Wire)
    }
}

/// Writes a string.
pub(crate) fn serialize<T: Text, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.write())
}

/// Reads a string.
pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct TextVisitor<T>(PhantomData<T>);

    impl<T: Text> Visitor<'_> for TextVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::read(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(TextVisitor(PhantomData))
}

/// An optional string: absent, never null.
pub(crate) mod option {
    use super::{Deserializer, Serializer, Text};

    pub(crate) fn serialize<T: Text, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

/// An array of strings.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, Serializer, Text, Wire};

    pub(crate) fn serialize<T: Text, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(Wire))
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        let values = Vec::<Wire<T>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| value.0).collect())
    }
}

/// An object whose keys are ids. A key that comes twice is refused.
pub(crate) mod map {
    use super::{BTreeMap, Deserialize, Deserializer, PhantomData, Serialize, Serializer, Text, Wire};
    use super::{Error, MapAccess, SerializeMap, Visitor, fmt};

    pub(crate) fn serialize<K: Text, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(map.len()))?;
        for (key, value) in map {
            out.serialize_entry(&Wire(key), value)?;
        }
        out.end()
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Text + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        struct MapVisitor<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Text + Ord, V: Deserialize<'de>> Visitor<'de> for MapVisitor<K, V> {
            type Value = BTreeMap<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((Wire(key), value)) = access.next_entry::<Wire<K>, V>()? {
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("the key {} comes twice", key.write())));
                    }
                    map.insert(key, value);
                }
                Ok(map)
            }
        }

        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}
