//! Reads: a user's own rows, the chat list's parts, and the positions a user moves.

use std::ops::ControlFlow;

use async_trait::async_trait;
use bongsu_types::{Head, RoomId, Seq, Settings, UserId, UserRev};

use super::INLINE_ROWS;
use super::details::{details, room_row};
use crate::embedded::decide::accept::Accept;
use crate::embedded::decide::marks::{ChangeSettings, MarkRead, MarkUnread};
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{EmbeddedStore, View, keys};
use crate::{
    Changes, MarkedRead, OwnRows, Reads, RoomDetails, RoomRow, SettingsChange, Standing, StoreError,
    StoreResult,
};

#[async_trait]
impl Reads for EmbeddedStore {
    async fn own_rows(&self, user: &UserId) -> StoreResult<OwnRows> {
        self.person(user).await?.own_rows(user)
    }

    async fn heads(&self, rooms: &[RoomId]) -> StoreResult<Vec<Head>> {
        Ok(self.heads_of(rooms).await?.into_iter().flatten().collect())
    }

    async fn details(&self, user: &UserId, rooms: &[RoomId]) -> StoreResult<Vec<RoomDetails>> {
        let (user, rooms) = (user.clone(), rooms.to_vec());
        self.read_from(self.view()?, rooms.len(), move |view| {
            let mut found = Vec::with_capacity(rooms.len());
            for room in rooms {
                found.extend(details(view, &user, room)?);
            }
            Ok(found)
        })
        .await
    }

    async fn room_row(&self, user: &UserId, room: RoomId) -> StoreResult<Option<RoomRow>> {
        room_row(&self.view()?, user, room)
    }

    async fn standing(&self, user: &UserId, room: RoomId) -> StoreResult<Option<Standing>> {
        let view = self.view()?;
        let Some((own, head)) = self.position(&view, user, room)? else { return Ok(None) };
        let Some(stored) = view.room(room)? else { return Ok(None) };
        Ok(Some(Standing { own, head, room: stored.room }))
    }

    async fn changes(&self, user: &UserId, since: UserRev) -> StoreResult<Changes> {
        let items_max = self.shared.options.limits.changes_items;
        let user = user.clone();
        self.read_from(self.view()?, items_max, move |view| changes(view, &user, since, items_max)).await
    }

    async fn mark_read(&self, user: &UserId, room: RoomId, seq: Seq) -> StoreResult<MarkedRead> {
        self.submit(MarkRead { user: user.clone(), room, seq }).await
    }

    async fn mark_unread(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev> {
        self.submit(MarkUnread { user: user.clone(), room }).await
    }

    async fn change_settings(
        &self,
        user: &UserId,
        room: RoomId,
        change: SettingsChange,
    ) -> StoreResult<(Settings, UserRev)> {
        self.submit(ChangeSettings { user: user.clone(), room, change }).await
    }

    async fn accept(&self, user: &UserId, room: RoomId) -> StoreResult<UserRev> {
        self.submit(Accept { user: user.clone(), room }).await
    }
}

impl EmbeddedStore {
    /// Reads on this thread what is about `rows` rows, and more on one that may block.
    pub(super) async fn read_from<T, F>(&self, view: View, rows: usize, read: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&View) -> StoreResult<T> + Send + 'static,
    {
        if rows <= INLINE_ROWS {
            return read(&view);
        }
        let done = tokio::task::spawn_blocking(move || read(&view)).await;
        done.unwrap_or_else(|error| Err(StoreError::not_applied(error.to_string())))
    }
}

fn changes(view: &View, user: &UserId, since: UserRev, items_max: usize) -> StoreResult<Changes> {
    let state = view.user(user)?.unwrap_or_default();
    let user_rev = state.rev;
    if since > user_rev || since < state.changes_floor {
        return Ok(Changes::Reset { user_rev });
    }
    let mut rows = Vec::new();
    let mut too_many = false;
    let from = keys::change(user, since.next());
    view.scan(Table::Change, &keys::of_user(user), &from, &mut |key, value| {
        if rows.len() == items_max {
            too_many = true;
            return Ok(ControlFlow::Break(()));
        }
        let room = decoded(Table::Change, key, keys::room_of(value))?;
        rows.extend(view.own(user, room)?.map(|own| own.row));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(if too_many { Changes::Reset { user_rev } } else { Changes::Rows { rows, user_rev } })
}
