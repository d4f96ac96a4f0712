//! Messages: append, change, and read a room's log.

use std::ops::ControlFlow;

use async_trait::async_trait;
use bongsu_types::{Emoji, Head, Record, RoomId, Seq, UserId};

use super::history::{Space, history, size};
use crate::embedded::row::log::decode_record;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{EmbeddedStore, View, keys};
use crate::{
    AppendMessage, Appended, Changed, DeleteMessage, EditMessage, HistoryFrom, HistoryPage, Messages, Once,
    React, RecordPage, Refusal, StoreResult,
};

/// So few records are each read by name: to walk a range, every file that may hold a part of it has to be opened at a
/// place, and most devices that come back missed a few messages in each room.
const RECORDS_BY_NAME: u64 = 8;

#[async_trait]
impl Messages for EmbeddedStore {
    async fn append(&self, request: AppendMessage) -> StoreResult<Appended> {
        self.submit(request).await
    }

    async fn replied(&self, room: RoomId, actor: &UserId, once: &Once) -> StoreResult<Option<Appended>> {
        match self.view()?.reply(room, actor, &once.client_id)? {
            Some(reply) if reply.request != once.request => Err(Refusal::Conflict.into()),
            Some(reply) => {
                Ok(Some(Appended { seq: reply.seq, ord: reply.ord, at_ms: reply.at_ms, duplicate: true }))
            }
            None => Ok(None),
        }
    }

    async fn edit(&self, request: EditMessage) -> StoreResult<Changed> {
        self.submit(request).await
    }

    async fn delete(&self, request: DeleteMessage) -> StoreResult<Changed> {
        self.submit(request).await
    }

    async fn react(&self, request: React) -> StoreResult<Changed> {
        self.submit(request).await
    }

    async fn history(
        &self,
        user: &UserId,
        room: RoomId,
        from: HistoryFrom,
        limit: usize,
    ) -> StoreResult<HistoryPage> {
        let limits = &self.shared.options.limits;
        let space = Space { items: limit.clamp(1, limits.page_items), bytes: limits.page_bytes };
        history(&self.view()?, user, room, from, space)
    }

    async fn records(&self, room: RoomId, after: Seq, limit: usize, bytes: usize) -> StoreResult<RecordPage> {
        let space = Space { items: limit.max(1), bytes };
        let view = self.view()?;
        let head = view.head(room)?.ok_or(Refusal::RoomNotFound)?;
        let rows = space.items.min(usize::try_from(left_after(&head, after)).unwrap_or(usize::MAX));
        self.read_from(view, rows, move |view| records(view, &head, after, space)).await
    }

    async fn own_reactions(
        &self,
        user: &UserId,
        room: RoomId,
        targets: &[Seq],
    ) -> StoreResult<Vec<(Seq, Emoji)>> {
        let view = self.view()?;
        let mut held = Vec::new();
        for target in targets {
            let emojis = view.reactions_of(room, *target, user)?;
            held.extend(emojis.into_iter().map(|emoji| (*target, emoji)));
        }
        Ok(held)
    }
}

/// Records of a log after a position.
fn left_after(head: &Head, after: Seq) -> u64 {
    head.seq.0.saturating_sub(after.max(head.floor_seq).0)
}

/// `head` is of the same snapshot.
fn records(view: &View, head: &Head, after: Seq, space: Space) -> StoreResult<RecordPage> {
    let mut records = Vec::new();
    let mut bytes = 0;
    let mut take = |record: Record| {
        bytes += size(&record);
        if !records.is_empty() && (records.len() >= space.items || bytes > space.bytes) {
            return ControlFlow::Break(());
        }
        records.push(record);
        ControlFlow::Continue(())
    };
    if left_after(head, after) <= RECORDS_BY_NAME {
        for seq in after.max(head.floor_seq).0 + 1..=head.seq.0 {
            let Some(stored) = view.record(head.room, Seq(seq))? else { continue };
            if take(stored.record).is_break() {
                break;
            }
        }
    } else {
        let from = keys::log(head.room, after.next());
        view.scan(Table::Log, &keys::room(head.room), &from, &mut |key, value| {
            let stored = keys::log_seq(key).and_then(|seq| decode_record(head.room, seq, value));
            Ok(take(decoded(Table::Log, key, stored)?.record))
        })?;
    }
    Ok(RecordPage { records, head_seq: head.seq, floor_seq: head.floor_seq })
}
