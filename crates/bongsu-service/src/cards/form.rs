//! How the domain's types are written in cards: the domain crate knows no serde. Used with `#[serde(with = "form")]`.

use bongsu_types::{JsonObject, MessageKind, Millis, Ordinal, RoomKey, Seq, UserId};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type that is written as another one. A change of what that is, is a new `rev` of the fields that hold it.
pub(super) trait Form: Sized {
    /// What it is written as.
    type Plain: Serialize + DeserializeOwned;

    fn plain(&self) -> Self::Plain;

    /// Reads it, or says what it is not.
    fn read(plain: Self::Plain) -> Result<Self, &'static str>;
}

pub(super) fn serialize<F: Form, S: Serializer>(value: &F, serializer: S) -> Result<S::Ok, S::Error> {
    value.plain().serialize(serializer)
}

pub(super) fn deserialize<'de, F: Form, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
    F::read(F::Plain::deserialize(deserializer)?).map_err(D::Error::custom)
}

macro_rules! numbers {
    ($($number:ident),*) => {$(
        impl Form for $number {
            type Plain = u64;

            fn plain(&self) -> u64 {
                self.0
            }

            fn read(plain: u64) -> Result<Self, &'static str> {
                Ok(Self(plain))
            }
        }
    )*};
}

numbers!(Seq, Ordinal, Millis);

macro_rules! texts {
    ($($text:ident by $read:ident, $not:literal;)*) => {$(
        impl Form for $text {
            type Plain = String;

            fn plain(&self) -> String {
                self.as_str().to_owned()
            }

            fn read(plain: String) -> Result<Self, &'static str> {
                Self::$read(plain.as_str()).map_err(|_| $not)
            }
        }
    )*};
}

texts! {
    UserId by new, "not a user id";
    RoomKey by new, "not a room key";
    JsonObject by parsed, "not a JSON object";
}

impl Form for MessageKind {
    type Plain = bool;

    fn plain(&self) -> bool {
        match self {
            Self::Message => false,
            Self::System => true,
        }
    }

    fn read(is_system: bool) -> Result<Self, &'static str> {
        Ok(if is_system { Self::System } else { Self::Message })
    }
}

impl<F: Form> Form for Option<F> {
    type Plain = Option<F::Plain>;

    fn plain(&self) -> Self::Plain {
        self.as_ref().map(F::plain)
    }

    fn read(plain: Self::Plain) -> Result<Self, &'static str> {
        plain.map(F::read).transpose()
    }
}

impl<F: Form> Form for Vec<F> {
    type Plain = Vec<F::Plain>;

    fn plain(&self) -> Self::Plain {
        self.iter().map(F::plain).collect()
    }

    fn read(plain: Self::Plain) -> Result<Self, &'static str> {
        plain.into_iter().map(F::read).collect()
    }
}

impl<A: Form, B: Form> Form for (A, B) {
    type Plain = (A::Plain, B::Plain);

    fn plain(&self) -> Self::Plain {
        (self.0.plain(), self.1.plain())
    }

    fn read((a, b): Self::Plain) -> Result<Self, &'static str> {
        Ok((A::read(a)?, B::read(b)?))
    }
}
