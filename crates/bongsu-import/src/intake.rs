//! Takes in what a reader tells: cleans it, bounds it, gives every message its place, and passes it on.
//!
//! A source is read twice and an intake takes in the same both times, so that a message gets the same seq: first it only
//! counts, then it passes messages on.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bongsu_service::ImportMessage;
use bongsu_types::{Emoji, JsonObject, Limits, Millis, Role, RoomKey, RoomKind, Seq, UserId};

use crate::batches::Batches;
use crate::error::ReadError;
use crate::ids;
use crate::input::{Input, Stream};
use crate::report::{Skipped, Skips};
use crate::room::{Attachment, RoomDetails, RoomNo, Said, UserNo};
use crate::text::{TEXT_BYTES_HELD, clean, clean_name};

/// Rooms of one source: each is a few hundred bytes in memory.
const ROOMS_MAX: usize = 1_000_000;

/// People of one source.
const USERS_MAX: usize = 5_000_000;

/// Memberships of one source.
const MEMBERS_MAX: u64 = 20_000_000;

/// Messages of one source that others answer; links beyond are left out.
const REPLY_TARGETS_MAX: usize = 20_000_000;

/// People who reacted to one message; each is a row of the commit.
const REACTIONS_OF_MESSAGE_MAX: usize = 1_000;

/// Attachments of one message that are kept.
const ATTACHMENTS_MAX: usize = 100;

/// Takes in a source.
pub struct Intake {
    source: String,
    prefix: String,
    ids_as_given: bool,
    limits: Arc<Limits>,
    hashes: RandomState,
    pub(crate) users: Vec<User>,
    user_numbers: HashMap<String, UserNo>,
    pub(crate) rooms: Vec<RoomTally>,
    room_numbers: HashMap<String, RoomNo>,
    memberships: u64,
    /// Hash of room and id of each message that is answered; its seq once it was met.
    answered: HashMap<u64, Option<Seq>>,
    pub(crate) skipped: Skips,
    bytes: Arc<AtomicU64>,
    out: Out,
}

/// Where messages go.
enum Out {
    Count,
    Keep(Vec<(RoomNo, ImportMessage)>),
    Hand(Batches),
}

/// A person met.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) name: String,
}

/// What is known of a room.
pub(crate) struct RoomTally {
    pub(crate) key: RoomKey,
    pub(crate) details: Option<RoomDetails>,
    pub(crate) members: Vec<(UserNo, Role)>,
    known: HashSet<UserNo>,
    /// Messages of the first reading.
    pub(crate) total: u64,
    /// Messages of this reading.
    seen: u64,
    /// When the first one was written.
    pub(crate) first_ms: Option<Millis>,
    /// Messages that are not passed on: they are in the store, or the room is refused.
    pub(crate) passed_over: u64,
}

impl Intake {
    pub(crate) fn new(source: &str, prefix: &str, limits: Arc<Limits>, bytes: Arc<AtomicU64>) -> Self {
        Self {
            source: source.to_owned(),
            prefix: prefix.to_owned(),
            ids_as_given: false,
            limits,
            hashes: RandomState::new(),
            users: Vec::new(),
            user_numbers: HashMap::new(),
            rooms: Vec::new(),
            room_numbers: HashMap::new(),
            memberships: 0,
            answered: HashMap::new(),
            skipped: Skips::new(),
            bytes,
            out: Out::Count,
        }
    }

    /// Begins the second reading, which keeps messages.
    pub(crate) fn keep_messages(&mut self) {
        self.begin_again(Out::Keep(Vec::new()));
    }

    /// Begins the second reading, which hands messages over.
    pub(crate) fn hand_over(&mut self, to: Batches) {
        self.begin_again(Out::Hand(to));
    }

    fn begin_again(&mut self, out: Out) {
        for room in &mut self.rooms {
            room.total = std::mem::take(&mut room.seen);
        }
        self.out = out;
    }

    /// Ends a reading; the messages when they were kept.
    pub(crate) fn end(&mut self) -> Result<Vec<(RoomNo, ImportMessage)>, ReadError> {
        match std::mem::replace(&mut self.out, Out::Count) {
            Out::Count => {
                for room in &mut self.rooms {
                    room.total = room.seen;
                }
                return Ok(Vec::new());
            }
            Out::Keep(kept) => return Ok(kept),
            Out::Hand(mut batches) => batches.flush()?,
        }
        if self.rooms.iter().any(|room| room.seen != room.total) {
            return Err(ReadError::Changed { file: self.source.clone() });
        }
        Ok(Vec::new())
    }

    fn is_first_reading(&self) -> bool {
        matches!(self.out, Out::Count)
    }

    /// User ids and room names are the host app's own: they are taken as they are.
    pub fn take_ids_as_given(&mut self) {
        self.ids_as_given = true;
    }

    /// Opens a file of the source; what is read of it shows in the progress.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self, input: &Input) -> Result<Stream, ReadError> {
        input.open(&self.bytes)
    }

    /// Where bytes read are counted.
    pub(crate) fn counter(&self) -> &Arc<AtomicU64> {
        &self.bytes
    }

    /// Counts a part that is no message.
    pub fn skip(&mut self, why: Skipped) {
        if self.is_first_reading() {
            *self.skipped.entry(why).or_default() += 1;
        }
    }

    /// The room of this name in the source.
    ///
    /// # Errors
    /// When there are too many rooms.
    pub fn room(&mut self, name: &str) -> Result<RoomNo, ReadError> {
        if let Some(room) = self.room_numbers.get(name) {
            return Ok(*room);
        }
        if !self.is_first_reading() {
            return Err(ReadError::Changed { file: self.source.clone() });
        }
        if self.rooms.len() >= ROOMS_MAX {
            return Err(ReadError::unusable(&self.source, format!("over {ROOMS_MAX} rooms")));
        }
        let room = RoomNo(u32::try_from(self.rooms.len()).unwrap_or(u32::MAX));
        self.rooms.push(RoomTally {
            key: self.key(name),
            details: None,
            members: Vec::new(),
            known: HashSet::new(),
            total: 0,
            seen: 0,
            first_ms: None,
            passed_over: 0,
        });
        self.room_numbers.insert(name.to_owned(), room);
        Ok(room)
    }

    fn key(&self, name: &str) -> RoomKey {
        if self.ids_as_given
            && let Ok(key) = RoomKey::new(name)
        {
            return key;
        }
        ids::room_key(&self.prefix, name)
    }

    /// What the source says about a room. The last word counts.
    pub fn describe(&mut self, room: RoomNo, details: RoomDetails) {
        let name = clean_name(&details.name, self.limits.name_bytes);
        self.rooms[room.0 as usize].details = Some(RoomDetails { name, ..details });
    }

    /// The person of this name in the source; `name` is what to show, empty when it is not known. `None` for nobody.
    ///
    /// # Errors
    /// When there are too many people, or ids taken as given are none.
    pub fn user(&mut self, author: &str, name: &str) -> Result<Option<UserNo>, ReadError> {
        if let Some(user) = self.user_numbers.get(author) {
            let known = &mut self.users[user.0 as usize];
            if known.name.is_empty() && !name.is_empty() {
                known.name = clean_name(name, self.limits.name_bytes);
            }
            return Ok(Some(*user));
        }
        if self.users.len() >= USERS_MAX {
            return Err(ReadError::unusable(&self.source, format!("over {USERS_MAX} people")));
        }
        let Some(id) = self.user_id(author)? else { return Ok(None) };
        let user = UserNo(u32::try_from(self.users.len()).unwrap_or(u32::MAX));
        self.users.push(User { id, name: clean_name(name, self.limits.name_bytes) });
        self.user_numbers.insert(author.to_owned(), user);
        Ok(Some(user))
    }

    fn user_id(&self, author: &str) -> Result<Option<UserId>, ReadError> {
        if !self.ids_as_given || author.is_empty() {
            return Ok(ids::user_id(&self.prefix, author));
        }
        let reason =
            |error| format!("user id {author:?}: {error}; without --ids-as-given it would be escaped");
        UserId::new(author).map(Some).map_err(|error| ReadError::unusable(&self.source, reason(error)))
    }

    /// Somebody is in a room; a higher role than before counts.
    ///
    /// # Errors
    /// When there are too many memberships.
    pub fn member(&mut self, room: RoomNo, user: UserNo, role: Role) -> Result<(), ReadError> {
        let tally = &mut self.rooms[room.0 as usize];
        if !tally.known.insert(user) {
            if role != Role::Member
                && let Some(member) = tally.members.iter_mut().find(|(known, _)| *known == user)
            {
                member.1 = member.1.max(role);
            }
            return Ok(());
        }
        if self.memberships >= MEMBERS_MAX {
            return Err(ReadError::unusable(&self.source, format!("over {MEMBERS_MAX} memberships")));
        }
        self.memberships += 1;
        tally.members.push((user, role));
        Ok(())
    }

    /// A message. Its author and those who reacted become members of the room.
    ///
    /// # Errors
    /// When there is too much of something, when the source has changed since the first reading, or when nobody takes
    /// messages any more.
    pub fn say(&mut self, room: RoomNo, said: Said<'_>) -> Result<(), ReadError> {
        let Some(author) = self.user(said.author, said.author_name)? else {
            self.skip(Skipped::WithoutAuthor);
            return Ok(());
        };
        let mut text = clean(said.text);
        if text.is_empty() {
            text = names_of(&said.attachments);
        }
        let data = self.data_of(&said);
        if text.is_empty() && data.is_none() {
            self.skip(Skipped::WithoutText);
            return Ok(());
        }
        if text.len() > self.limits.text_bytes || said.text.len() >= TEXT_BYTES_HELD {
            self.skip(Skipped::TooLong);
            return Ok(());
        }
        self.member(room, author, Role::Member)?;
        let reactions = self.reactions_of(room, &said)?;
        let seq = self.count(room, said.at_ms)?;
        let reply_to = self.link(room, seq, &said);
        if matches!(self.out, Out::Count) || seq.get() <= self.rooms[room.0 as usize].passed_over {
            return Ok(());
        }
        let client_id = match said.id {
            Some(id) => ids::client_id(&self.prefix, id),
            None => ids::client_id(&self.prefix, &seq.to_string()),
        };
        let message = ImportMessage {
            sender: self.users[author.0 as usize].id.clone(),
            client_id,
            at_ms: said.at_ms,
            text,
            data,
            reply_to,
            edited_ms: said.edited_ms,
            reactions,
        };
        match &mut self.out {
            Out::Count => Ok(()),
            Out::Keep(kept) => {
                kept.push((room, message));
                Ok(())
            }
            Out::Hand(batches) => batches.push(room, message),
        }
    }

    fn count(&mut self, room: RoomNo, at_ms: Millis) -> Result<Seq, ReadError> {
        let first = self.is_first_reading();
        let tally = &mut self.rooms[room.0 as usize];
        tally.seen += 1;
        tally.first_ms.get_or_insert(at_ms);
        if !first && tally.seen > tally.total {
            return Err(ReadError::Changed { file: self.source.clone() });
        }
        Ok(Seq(tally.seen))
    }

    /// The seq of what a message answers. The first reading notes which messages are answered, the second where they are.
    fn link(&mut self, room: RoomNo, seq: Seq, said: &Said<'_>) -> Option<Seq> {
        let hash_of = |id: &str| self.hashes.hash_one((room.0, id));
        let (own, target) = (said.id.map(hash_of), said.reply_to.map(hash_of));
        if self.is_first_reading() {
            if let Some(target) = target
                && self.answered.len() < REPLY_TARGETS_MAX
            {
                self.answered.entry(target).or_insert(None);
            }
            return None;
        }
        let found = target.and_then(|target| self.answered.get(&target).copied().flatten());
        if target.is_some() && found.is_none() {
            *self.skipped.entry(Skipped::ReplyTarget).or_default() += 1;
        }
        if let Some(place) = own.and_then(|own| self.answered.get_mut(&own)) {
            place.get_or_insert(seq);
        }
        found
    }

    fn reactions_of(
        &mut self,
        room: RoomNo,
        said: &Said<'_>,
    ) -> Result<Vec<(Emoji, Vec<UserId>)>, ReadError> {
        let mut kept: Vec<(Emoji, Vec<UserId>)> = Vec::new();
        let mut people = 0;
        for (emoji, names) in &said.reactions {
            let Ok(emoji) = Emoji::new(&clean_name(emoji, usize::MAX)) else {
                self.skip(Skipped::Reaction);
                continue;
            };
            let mut users = Vec::new();
            for name in names {
                let full =
                    kept.len() >= self.limits.reactions_per_message || people >= REACTIONS_OF_MESSAGE_MAX;
                let Some(user) = (if full { None } else { self.user(name, "")? }) else {
                    self.skip(Skipped::Reaction);
                    continue;
                };
                self.member(room, user, Role::Member)?;
                users.push(self.users[user.0 as usize].id.clone());
                people += 1;
            }
            if !users.is_empty() {
                kept.push((emoji, users));
            }
        }
        Ok(kept)
    }

    fn data_of(&mut self, said: &Said<'_>) -> Option<JsonObject> {
        let data = if said.attachments.is_empty() {
            said.data.clone()?
        } else {
            let list: Vec<Attachment> = said.attachments.iter().take(ATTACHMENTS_MAX).map(cleaned).collect();
            let json = serde_json::to_string(&AttachmentList { attachments: list })
                .expect("texts and numbers are JSON");
            JsonObject::parsed(json).expect("it is written as an object")
        };
        if data.as_str().len() > self.limits.data_bytes || data.as_str().contains("\\u0000") {
            self.skip(Skipped::Data);
            return None;
        }
        Some(data).filter(|data| !data.is_empty())
    }

    /// Who owns a room: who is said to, else who was met first. In a direct room nobody does.
    pub(crate) fn roles(&self, room: RoomNo, kind: RoomKind) -> Vec<(UserNo, Role)> {
        let tally = &self.rooms[room.0 as usize];
        let mut members = tally.members.clone();
        if kind == RoomKind::Direct {
            for member in &mut members {
                member.1 = Role::Member;
            }
            return members;
        }
        let owner = tally.details.as_ref().and_then(|details| details.owner);
        let owner = owner.filter(|owner| tally.known.contains(owner));
        let owned = members.iter().any(|(_, role)| *role == Role::Owner);
        if let Some(owner) =
            owner.or_else(|| if owned { None } else { members.first().map(|(user, _)| *user) })
            && let Some(member) = members.iter_mut().find(|(user, _)| *user == owner)
        {
            member.1 = Role::Owner;
        }
        members
    }
}

/// `data` of a message with attachments.
#[derive(serde::Serialize)]
struct AttachmentList {
    attachments: Vec<Attachment>,
}

fn names_of(attachments: &[Attachment]) -> String {
    let names: Vec<&str> = attachments
        .iter()
        .take(ATTACHMENTS_MAX)
        .map(|attachment| attachment.name.as_deref().unwrap_or(attachment.kind))
        .collect();
    clean(&names.join("\n"))
}

fn cleaned(attachment: &Attachment) -> Attachment {
    let text = |text: &Option<String>, bytes| text.as_ref().map(|text| clean_name(text, bytes));
    Attachment {
        kind: attachment.kind,
        name: text(&attachment.name, 255),
        file: text(&attachment.file, 255),
        url: text(&attachment.url, 1_024),
        bytes: attachment.bytes,
    }
}
