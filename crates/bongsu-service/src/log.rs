//! What the hub reads to deliver: logs, the tail, members. Nobody is asked about; the hub knows whom it serves.

use bongsu_store::{RecordPage, TailPage};
use bongsu_types::{CommitNo, Emoji, Epoch, Head, RoomId, Seq, UserId};

use crate::{Service, ServiceResult};

impl Service {
    /// Records with `seq > after`, ascending, at most `limit` and about `bytes` (at least one).
    ///
    /// # Errors
    /// `RoomNotFound` when there is no such room.
    pub async fn log_page(
        &self,
        room: RoomId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> ServiceResult<RecordPage> {
        Ok(self.store.records(room, after, limit, bytes).await?)
    }

    /// The reactions of `user` to these messages: (target, emoji), in any order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_reactions(
        &self,
        user: &UserId,
        room: RoomId,
        targets: &[Seq],
    ) -> ServiceResult<Vec<(Seq, Emoji)>> {
        Ok(self.store.own_reactions(user, room, targets).await?)
    }

    /// Heads in the order asked, one snapshot; rooms that do not exist are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn heads(&self, rooms: &[RoomId]) -> ServiceResult<Vec<Head>> {
        Ok(self.store.heads(rooms).await?)
    }

    /// All members of a room, ascending.
    ///
    /// # Errors
    /// `RoomNotFound` when there is no such room.
    pub async fn member_ids(&self, room: RoomId) -> ServiceResult<Vec<UserId>> {
        Ok(self.store.member_ids(room).await?)
    }

    /// Refs of commits after `after`, about `limit` of them: what the bus lost.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tail(&self, after: CommitNo, limit: usize) -> ServiceResult<TailPage> {
        Ok(self.store.tail(after, limit).await?)
    }

    /// Last commit visible now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn last_commit(&self) -> ServiceResult<CommitNo> {
        Ok(self.store.last_commit().await?)
    }

    /// Generation of the store.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.store.epoch()
    }
}
