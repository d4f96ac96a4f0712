//! Brings a source into a store: resumable at any message, and each room seen by nobody until it is whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_service::{ImportMember, ImportMessage, ImportRoom, Importer, RoomImport, ServiceError};
use bongsu_types::{Limits, Millis, RoomKind, Seq, direct_pair};
use futures_util::StreamExt;
use tokio::task::JoinHandle;

use crate::batches::{Batches, Held};
use crate::error::ReadError;
use crate::intake::Intake;
use crate::report::{Refused, Report, Skipped};
use crate::room::RoomNo;
use crate::source::Source;

/// Rooms written at once: their commits share an fsync.
const ROOMS_AT_ONCE: usize = 64;

/// How often the bytes read are told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The first reading: bytes since it began.
    Read {
        /// Bytes.
        bytes: u64,
    },
    /// The first reading is over.
    Counted {
        /// Messages of the source.
        messages: u64,
    },
    /// More messages are in the store, or were found there.
    Written {
        /// How many more.
        messages: u64,
    },
}

/// Why a source was not imported. What was written before stays unseen, and the next run goes on there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source is not what it should be; nothing of it is seen.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store refused or failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Imports one source; `limits` are those the store was opened with, `tell` is told how far it is.
///
/// # Errors
/// See [`ImportError`]. A room that cannot be imported is no error: it stands in [`Report::refused`].
pub async fn import(
    importer: &Importer,
    source: Arc<dyn Source>,
    limits: &Arc<Limits>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Report, ImportError> {
    let intake = count(&source, limits, tell).await?;
    let mut report = Report::default();
    let mut rooms = begin(importer, &intake, limits, &mut report, tell).await?;
    let held = Arc::new(Held::default());
    let skipped = write(&source, intake, &mut rooms, &held, &mut report, tell).await?;
    report.skipped = skipped;
    report.held_max = held.most();
    Ok(report)
}

/// The first reading.
async fn count(
    source: &Arc<dyn Source>,
    limits: &Arc<Limits>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Intake, ReadError> {
    let bytes = Arc::new(AtomicU64::new(0));
    let mut intake = Intake::new(source.name(), source.prefix(), Arc::clone(limits), Arc::clone(&bytes));
    let source = Arc::clone(source);
    let mut reading = tokio::task::spawn_blocking(move || {
        source.read(&mut intake)?;
        intake.end()?;
        Ok(intake)
    });
    let intake: Intake = loop {
        match tokio::time::timeout(TELL_EVERY, &mut reading).await {
            Ok(read) => break joined(read)?,
            Err(_) => tell(Progress::Read { bytes: bytes.load(Ordering::Relaxed) }),
        }
    };
    tell(Progress::Counted { messages: intake.rooms.iter().map(|room| room.total).sum() });
    Ok(intake)
}

fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    match ended {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A room on its way into the store.
struct Writing {
    /// `None` while its messages are being written, and once it needs no more.
    import: Option<RoomImport>,
    total: u64,
    members: Vec<ImportMember>,
}

/// Begins every room, or finds how far it is.
async fn begin(
    importer: &Importer,
    intake: &Intake,
    limits: &Limits,
    report: &mut Report,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Writing>, ImportError> {
    let planned = (0..intake.rooms.len()).map(|index| {
        let room = RoomNo(u32::try_from(index).unwrap_or(u32::MAX));
        let plan = Plan::of(intake, room, limits);
        async move {
            let Some(plan) = plan else { return Ok(None) };
            if plan.members.len() > limits.channel_members as usize {
                let reason = format!("{} members, over limits.channel_members", plan.members.len());
                return Ok(Some((plan, Err(reason))));
            }
            match importer.begin(plan.room.clone()).await {
                Ok(import) => Ok(Some((plan, Ok(import)))),
                Err(error) => reason_of(&error).map_or(Err(error), |reason| Ok(Some((plan, Err(reason))))),
            }
        }
    });
    let mut rooms = Vec::new();
    let mut begun = futures_util::stream::iter(planned).buffered(ROOMS_AT_ONCE);
    while let Some(room) = begun.next().await {
        let Some((plan, import)) = room? else {
            *report.skipped.entry(Skipped::EmptyRoom).or_default() += 1;
            rooms.push(Writing { import: None, total: 0, members: Vec::new() });
            continue;
        };
        let total = plan.total;
        let import = import.and_then(|import| match import.state().head_seq.get() {
            had if had > total && !import.state().finished => Err(format!(
                "an earlier import stopped after {had} messages, the source has only {total}: import the same files again"
            )),
            _ => Ok(import),
        });
        let import = match import {
            Ok(import) => import,
            Err(reason) => {
                report.refused.push(Refused { key: plan.room.key.clone(), reason });
                tell(Progress::Written { messages: total });
                rooms.push(Writing { import: None, total, members: Vec::new() });
                continue;
            }
        };
        report.users.extend(plan.members.iter().map(|member| member.user.clone()));
        report.keys.insert(plan.room.key.clone());
        let had = import.state().head_seq.get().min(total);
        report.messages_before += had;
        tell(Progress::Written { messages: had });
        if import.state().finished {
            report.rooms_before += 1;
            report.left_out += total - had;
            tell(Progress::Written { messages: total - had });
            rooms.push(Writing { import: None, total, members: Vec::new() });
            continue;
        }
        report.became_channels += u64::from(plan.became_channel);
        rooms.push(Writing { import: Some(import), total, members: plan.members });
    }
    Ok(rooms)
}

/// Why a room alone is refused; `None` when the error is about more than this room.
fn reason_of(error: &ServiceError) -> Option<String> {
    match error {
        ServiceError::Conflict => Some(
            "a room of this key, or of these two people, is there already and was not imported".to_owned(),
        ),
        ServiceError::LimitReached { .. } => Some(error.to_string()),
        _ => None,
    }
}

/// What becomes of a room of the source.
struct Plan {
    room: ImportRoom,
    members: Vec<ImportMember>,
    total: u64,
    became_channel: bool,
}

impl Plan {
    fn of(intake: &Intake, number: RoomNo, limits: &Limits) -> Option<Self> {
        let tally = &intake.rooms[number.0 as usize];
        let said = tally.details.as_ref();
        let mut kind = said.map_or(RoomKind::Group, |details| details.kind);
        if kind == RoomKind::Direct && tally.members.len() != 2 {
            kind = RoomKind::Group;
        }
        let became_channel = kind == RoomKind::Group && tally.members.len() > limits.group_members as usize;
        if became_channel {
            kind = RoomKind::Channel;
        }
        let user = |number: crate::UserNo| &intake.users[number.0 as usize];
        let members: Vec<ImportMember> = intake
            .roles(number, kind)
            .into_iter()
            .map(|(number, role)| ImportMember {
                user: user(number).id.clone(),
                name: user(number).name.clone(),
                role,
                // What was said elsewhere was read there.
                read_seq: Some(Seq(tally.total)),
            })
            .collect();
        let pair = match &members[..] {
            [one, other] if kind == RoomKind::Direct => Some(direct_pair(&one.user, &other.user)),
            _ => None,
        };
        // The first of those with the highest role.
        let owner = members.iter().rev().max_by_key(|member| member.role)?;
        let room = ImportRoom {
            kind,
            key: tally.key.clone(),
            creator: owner.user.clone(),
            // A direct room is shown by its other user.
            name: said.filter(|_| pair.is_none()).map(|details| details.name.clone()).unwrap_or_default(),
            image: String::new(),
            data: None,
            created_ms: said
                .and_then(|details| details.created_ms)
                .or(tally.first_ms)
                .unwrap_or(Millis::ZERO),
            pair,
        };
        Some(Self { room, members, total: tally.total, became_channel })
    }
}

/// The second reading: messages go into the store, and each room is opened to its members with its last one.
async fn write(
    source: &Arc<dyn Source>,
    mut intake: Intake,
    rooms: &mut [Writing],
    held: &Arc<Held>,
    report: &mut Report,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<crate::Skips, ImportError> {
    for (tally, room) in intake.rooms.iter_mut().zip(rooms.iter()) {
        tally.passed_over = room.import.as_ref().map_or(u64::MAX, |import| import.state().head_seq.get());
    }
    finish_whole_ones(rooms, report).await?;
    let mut skipped = std::mem::take(&mut report.skipped);
    if rooms.iter().all(|room| room.import.is_none()) {
        add(&mut skipped, intake.skipped);
        return Ok(skipped);
    }
    let (batches, mut from) = Batches::new(Arc::clone(held));
    let source = Arc::clone(source);
    let reading: JoinHandle<Result<Intake, ReadError>> = tokio::task::spawn_blocking(move || {
        intake.hand_over(batches);
        source.read(&mut intake)?;
        intake.end()?;
        Ok(intake)
    });
    while let Some(batch) = from.recv().await {
        let count = batch.len();
        write_batch(batch, rooms, report, tell).await?;
        held.let_go(count);
    }
    add(&mut skipped, joined(reading.await)?.skipped);
    Ok(skipped)
}

fn add(skipped: &mut crate::Skips, more: crate::Skips) {
    for (why, count) in more {
        *skipped.entry(why).or_default() += count;
    }
}

/// Rooms whose messages are all in, but not their members: an earlier run stopped between the two, or there are none.
async fn finish_whole_ones(rooms: &mut [Writing], report: &mut Report) -> Result<(), ImportError> {
    for room in rooms {
        let whole = room.import.as_ref().is_some_and(|import| import.state().head_seq.get() == room.total);
        if whole && let Some(mut import) = room.import.take() {
            import.finish(std::mem::take(&mut room.members)).await?;
            report.rooms += 1;
        }
    }
    Ok(())
}

async fn write_batch(
    batch: Vec<(RoomNo, ImportMessage)>,
    rooms: &mut [Writing],
    report: &mut Report,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<(), ImportError> {
    let mut by_room: BTreeMap<RoomNo, Vec<ImportMessage>> = BTreeMap::new();
    for (room, message) in batch {
        by_room.entry(room).or_default().push(message);
    }
    let mut parts = Vec::with_capacity(by_room.len());
    for (number, messages) in by_room {
        let room = &mut rooms[number.0 as usize];
        let Some(import) = room.import.take() else { continue };
        let is_last = import.state().head_seq.get() + messages.len() as u64 == room.total;
        let members = if is_last { std::mem::take(&mut room.members) } else { Vec::new() };
        parts.push(write_part(number, import, messages, is_last.then_some(members)));
    }
    let mut written = futures_util::stream::iter(parts).buffer_unordered(ROOMS_AT_ONCE);
    while let Some(part) = written.next().await {
        let (number, import, count) = part?;
        report.messages += count;
        tell(Progress::Written { messages: count });
        if import.state().finished {
            report.rooms += 1;
        } else {
            rooms[number.0 as usize].import = Some(import);
        }
    }
    Ok(())
}

async fn write_part(
    number: RoomNo,
    mut import: RoomImport,
    messages: Vec<ImportMessage>,
    members: Option<Vec<ImportMember>>,
) -> Result<(RoomNo, RoomImport, u64), ServiceError> {
    let count = messages.len() as u64;
    import.append(messages).await?;
    if let Some(members) = members {
        import.finish(members).await?;
    }
    Ok((number, import, count))
}
