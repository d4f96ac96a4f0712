//! The server under load, and the people and rooms a scenario needs on it.

use std::sync::Arc;

use bongsu_types::{DeviceId, RoomId, RoomKind, Seq, UserId};
use bongsu_wire::{CreateResult, CreateRoom, HelloResult, RoomPage};
use tokio::task::JoinSet;

use super::line::{Line, hello};
use super::scan::RoomText;
use super::template::room_text;
use super::{BenchError, SystemCalls};
use crate::Endpoint;
use crate::client::group;
use crate::replay::MintToken;
use crate::rest::Rest;

/// Rooms created at once: enough for the server to commit them together.
const CREATES_AT_ONCE: usize = 64;

/// Where a scenario runs.
#[derive(Clone)]
pub struct Target {
    /// Where the server is.
    pub endpoint: Endpoint,
    /// Creates the rooms.
    pub server_key: String,
    /// Makes the users' tokens.
    pub mint_token: MintToken,
    /// Its process, when it runs on this machine and is known.
    pub server_process: Option<u32>,
    /// Counts that process's system calls, when that is wanted.
    pub system_calls: Option<Arc<SystemCalls>>,
    /// Names this run: its users and rooms are new ones. At most 32 letters, digits or `-`.
    pub run: String,
}

impl Target {
    /// A user of this run.
    pub(super) fn user(&self, number: usize) -> UserId {
        UserId::new(&format!("{}-{number}", self.run)).expect("a short name and a number fit")
    }

    /// Opens a session of a user's only device; `rows` of the chat list come with hello.
    pub(super) async fn line(
        &self,
        user: &UserId,
        rows: u32,
        buffer: usize,
    ) -> Result<(Line, HelloResult), BenchError> {
        Line::open(&self.endpoint, hello((self.mint_token)(user), bench_device(), rows), buffer).await
    }

    /// Creates rooms, their first members the owners; the ids come back in the order asked for.
    pub(super) async fn create(
        &self,
        kind: RoomKind,
        rooms: Vec<Vec<UserId>>,
        mut on_progress: impl FnMut(u64),
    ) -> Result<Vec<RoomId>, BenchError> {
        let total = rooms.len();
        let mut shares: Vec<Vec<(usize, Vec<UserId>)>> = vec![Vec::new(); CREATES_AT_ONCE.min(total)];
        for (number, members) in rooms.into_iter().enumerate() {
            shares[number % CREATES_AT_ONCE].push((number, members));
        }
        let mut creating = JoinSet::new();
        for share in shares {
            creating.spawn(create_share(self.rest(), kind, share));
        }
        let mut created = vec![None; total];
        let mut done = 0;
        while let Some(share) = creating.join_next().await {
            for (number, room) in share?? {
                created[number] = Some(room);
                done += 1;
            }
            on_progress(done);
        }
        Ok(created.into_iter().flatten().collect())
    }

    /// The whole chat list of a user as the server has it now.
    pub(super) async fn list(&self, user: &UserId) -> Result<Vec<bongsu_wire::ListRow>, BenchError> {
        let mut rest = self.rest().acting_for(user.to_string());
        let mut rows = Vec::new();
        let mut path = "/v1/rooms?limit=200".to_owned();
        loop {
            let page: RoomPage = rest.get(&path).await?.read()?;
            rows.extend(page.rooms);
            match page.cursor {
                Some(cursor) => {
                    path = format!("/v1/rooms?limit=200&cursor={}", crate::rest::path_segment(&cursor))
                }
                None => return Ok(rows),
            }
        }
    }

    /// The head of a room as the server has it now, for a member of few rooms.
    pub(super) async fn head_of(&self, member: &UserId, room: RoomText) -> Result<Seq, BenchError> {
        let rows = self.list(member).await?;
        let row = rows.iter().find(|row| room_text(row.room) == room);
        row.map(|row| row.head_seq).ok_or(BenchError::Stalled("the room in its member's chat list"))
    }

    pub(super) fn rest(&self) -> Rest {
        Rest::new(self.endpoint.clone()).bearer(&self.server_key)
    }
}

/// The only device of every user of a run.
pub(super) fn bench_device() -> DeviceId {
    DeviceId::new("bench").expect("a fixed device id is valid")
}

async fn create_share(
    mut rest: Rest,
    kind: RoomKind,
    share: Vec<(usize, Vec<UserId>)>,
) -> Result<Vec<(usize, RoomId)>, BenchError> {
    let mut created = Vec::new();
    for (number, members) in share {
        let room = CreateRoom { kind, ..group(format!("room {number}"), members) };
        let result: CreateResult = rest.post("/v1/rooms", &room).await?.read()?;
        created.push((number, result.room));
    }
    Ok(created)
}
