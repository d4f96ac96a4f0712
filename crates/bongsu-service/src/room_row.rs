//! One room: its row of the chat list, and its members when it is small.

use bongsu_store::MemberRow;
use bongsu_types::{Head, Role, RoomId, RoomKind};

use crate::{Actor, ListRow, Service, ServiceError, ServiceResult};

/// A room as one member sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The row of the chat list.
    pub row: ListRow,
    /// Members, in rooms of at most `small_room_members`; in a channel for admins only.
    pub members: Option<Vec<MemberRow>>,
}

impl Service {
    /// A room with its members, if it is small.
    ///
    /// # Errors
    /// `RoomNotFound`.
    pub async fn room(&self, actor: &Actor, room: RoomId) -> ServiceResult<RoomView> {
        actor.audit("room.get");
        let row = self.room_row(actor, room).await?;
        if !self.shows_members(&row.head, row.head.kind, row.own.role) {
            return Ok(RoomView { row, members: None });
        }
        let limit = usize::try_from(self.limits.small_room_members).unwrap_or(usize::MAX);
        let page = self.store.members(&actor.user, room, None, limit).await?;
        Ok(RoomView { row, members: Some(page.members) })
    }

    /// The row of one room, in one snapshot. Asked for by the edge for its own events too, so it is not audited.
    ///
    /// # Errors
    /// `RoomNotFound`, also for a former member.
    pub async fn room_row(&self, actor: &Actor, room: RoomId) -> ServiceResult<ListRow> {
        match self.store.room_row(&actor.user, room).await? {
            Some(row) if row.own.is_member() => Ok(row.into()),
            Some(_) | None => Err(ServiceError::RoomNotFound),
        }
    }

    fn shows_members(&self, head: &Head, kind: RoomKind, role: Role) -> bool {
        let may = match kind {
            RoomKind::Direct | RoomKind::Group => true,
            RoomKind::Channel => role >= Role::Admin,
        };
        may && head.members <= self.limits.small_room_members
    }
}
