//! Who and what is in a workspace: the lists at the root of an export.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bongsu_types::{Millis, RoomKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::archive::Archive;
use crate::error::ReadError;
use crate::json::{Fault, read_array};

/// People and conversations of a workspace.
#[derive(Debug, Default)]
pub(super) struct Directory {
    names: HashMap<String, String>,
    channels: HashMap<String, String>,
    conversations: Vec<Conversation>,
}

/// A conversation.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) kind: RoomKind,
    /// Its folder in the export.
    pub(super) folder: String,
    pub(super) title: String,
    pub(super) created_ms: Option<Millis>,
    pub(super) creator: Option<String>,
    pub(super) members: Vec<String>,
}

impl Conversation {
    /// One that no list names: its folder does.
    pub(super) fn unlisted(folder: &str) -> Self {
        Self {
            id: folder.to_owned(),
            kind: RoomKind::Group,
            folder: folder.to_owned(),
            title: folder.to_owned(),
            created_ms: None,
            creator: None,
            members: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    name: String,
    real_name: Option<String>,
    #[serde(default)]
    profile: Profile,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    display_name: Option<String>,
    real_name: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    name: String,
    created: Option<Seconds>,
    creator: Option<String>,
    #[serde(default)]
    members: Vec<String>,
}

/// A number in new exports, a text in old ones.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn millis(&self) -> Option<Millis> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(text) => text.parse().ok()?,
        };
        seconds.checked_mul(1_000).filter(|ms| *ms > 0).map(Millis)
    }
}

impl Directory {
    pub(super) fn read(archive: &Archive, root: &str) -> Result<Self, ReadError> {
        let mut directory = Self::default();
        for list in ["users.json", "org_users.json"] {
            read_list(archive, root, list, |user: User| {
                let named =
                    [user.profile.display_name, user.profile.real_name, user.real_name, Some(user.name)];
                let name =
                    named.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or_default();
                directory.names.insert(user.id, name);
            })?;
        }
        for (list, kind) in [
            ("channels.json", RoomKind::Channel),
            ("groups.json", RoomKind::Group),
            ("mpims.json", RoomKind::Group),
            ("dms.json", RoomKind::Direct),
        ] {
            read_list(archive, root, list, |listed: Listed| directory.add(kind, listed))?;
        }
        Ok(directory)
    }

    fn add(&mut self, kind: RoomKind, listed: Listed) {
        let folder = if listed.name.is_empty() { listed.id.clone() } else { listed.name.clone() };
        self.channels.insert(listed.id.clone(), folder.clone());
        self.conversations.push(Conversation {
            id: listed.id,
            kind,
            folder,
            title: listed.name,
            created_ms: listed.created.as_ref().and_then(Seconds::millis),
            creator: listed.creator.filter(|creator| !creator.is_empty()),
            members: listed.members,
        });
    }

    /// Each once, however often it is listed.
    pub(super) fn conversations(&self) -> Vec<Conversation> {
        let mut known = HashSet::new();
        self.conversations.iter().filter(|one| known.insert(one.id.clone())).cloned().collect()
    }

    /// The name to show; empty for somebody no list names.
    pub(super) fn name_of(&self, user: &str) -> &str {
        self.names.get(user).map_or(if user == "USLACKBOT" { "Slackbot" } else { "" }, String::as_str)
    }

    pub(super) fn channel_name(&self, channel: &str) -> Option<&str> {
        self.channels.get(channel).map(String::as_str)
    }

    /// A group conversation is named by its people, not `mpdm-user9--user2--user10-1`.
    pub(super) fn title_of(&self, conversation: &Conversation) -> String {
        if !conversation.title.starts_with("mpdm-") {
            return conversation.title.clone();
        }
        let names: Vec<&str> = conversation
            .members
            .iter()
            .map(|member| Some(self.name_of(member)).filter(|name| !name.is_empty()).unwrap_or(member))
            .collect();
        if names.is_empty() { conversation.title.clone() } else { names.join(", ") }
    }
}

/// Lists that an export lacks are empty: a public one has no groups.
fn read_list<T: DeserializeOwned>(
    archive: &Archive,
    root: &str,
    list: &str,
    mut each: impl FnMut(T),
) -> Result<(), ReadError> {
    let Some(input) = archive.entries().get(&format!("{root}{list}")) else { return Ok(()) };
    let stream = input.open(&Arc::default())?;
    let expected = format!("a JSON array, as Slack exports {list}");
    read_array(input.name(), stream, &expected, |item| {
        each(item);
        Ok::<(), Fault>(())
    })
}
