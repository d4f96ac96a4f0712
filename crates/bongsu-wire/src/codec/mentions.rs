//! Mentions: one array of user ids, in which `@all` stands for everybody.

use bongsu_types::{Mentions, UserId};
use serde::de::Error;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serializer};

use crate::codec::text::{Text, Wire};

/// The word for everybody. It is taken: a user of this id cannot be mentioned.
const ALL: &str = "@all";

/// Writes `@all` first, then the users in their order.
pub(crate) fn serialize<S: Serializer>(mentions: &Mentions, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_seq(Some(mentions.users.len() + usize::from(mentions.all)))?;
    if mentions.all {
        out.serialize_element(ALL)?;
    }
    for user in &mentions.users {
        out.serialize_element(&Wire(user))?;
    }
    out.end()
}

/// Reads the array.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mentions, D::Error> {
    let mut mentions = Mentions::default();
    for Wire(text) in Vec::<Wire<String>>::deserialize(deserializer)? {
        if text == ALL {
            mentions.all = true;
        } else {
            mentions.users.push(UserId::read(&text).map_err(D::Error::custom)?);
        }
    }
    Ok(mentions)
}
