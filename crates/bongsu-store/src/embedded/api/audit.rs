//! The audit: unread by subtraction against unread by counting the log.

use std::ops::ControlFlow;

use bongsu_types::{Head, Message, OwnRow, RoomId, Seq, UserId};

use crate::embedded::row::log::decode_record;
use crate::embedded::row::own::decode_own;
use crate::embedded::source::Source;
use crate::embedded::table::{Table, decoded};
use crate::embedded::{View, keys};
use crate::{AuditReport, Drift, StoreResult};

/// Recounts up to `sample` rows after a position; answers where to go on, or `None` to begin anew.
pub(super) fn audit(
    view: &View,
    after: Option<(UserId, RoomId)>,
    sample: usize,
) -> StoreResult<(AuditReport, Option<(UserId, RoomId)>)> {
    let mut from = Vec::new();
    if let Some((user, room)) = &after {
        from = keys::own(user, *room);
        from.push(0);
    }
    let mut report = AuditReport::default();
    let mut last = None;
    let mut more = false;
    view.scan_all(Table::Own, &from, &mut |key, value| {
        let (user, room) = decoded(Table::Own, key, keys::own_parts(key))?;
        let row = decoded(Table::Own, key, decode_own(&user, room, value))?.row;
        if !row.is_member() {
            return Ok(ControlFlow::Continue(()));
        }
        if report.sampled == sample as u64 {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        let Some(head) = view.head(room)? else { return Ok(ControlFlow::Continue(())) };
        let (unread, recount) = (row.unread(&head), recount(view, &row, &head)?);
        report.sampled += 1;
        if unread != recount {
            report.drift.push(Drift { user: user.clone(), room, unread, recount });
        }
        last = Some((user, room));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((report, last.filter(|_| more)))
}

/// Unread by counting messages above the mark; what was swept unread is known by the floor's ord only.
fn recount(view: &View, row: &OwnRow, head: &Head) -> StoreResult<u64> {
    let mark = row.read_seq.max(row.joined_seq.prev());
    let mut counted = swept_unread(row, head, mark);
    let from = keys::log(row.room, mark.max(head.floor_seq).next());
    view.scan(Table::Log, &keys::room(row.room), &from, &mut |key, value| {
        let stored = keys::log_seq(key).and_then(|seq| decode_record(row.room, seq, value));
        let record = decoded(Table::Log, key, stored)?.record;
        counted += u64::from(record.body.message().is_some_and(Message::is_countable));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(counted)
}

/// Unread messages that are gone from the log and did not expire.
pub(crate) fn swept_unread(row: &OwnRow, head: &Head, mark: Seq) -> u64 {
    if mark >= head.floor_seq {
        return 0;
    }
    head.floor_ord.get().saturating_sub(row.mark(head).get())
}
