//! Brings a source into a store: resumable at any message, and each room seen by nobody until it is whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_service::{ImportMember, ImportMessage, ImportRoom, Importer, RoomImport, ServiceError};
use bongsu_types::{Limits, Millis, RoomKind, Seq, direct_pair};
use futures_util::StreamExt;
use tokio::task::JoinHandle;

use crate::batches::{Batch, Batches, Held};
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
    let mut run = Run { importer, limits, tell, rooms: Vec::new(), report: Report::default() };
    let intake = run.count(&source).await?;
    run.begin(&intake).await?;
    run.finish_whole_ones().await?;
    run.write(source, intake).await?;
    Ok(run.report)
}

/// The import of one source.
struct Run<'a> {
    importer: &'a Importer,
    limits: &'a Arc<Limits>,
    tell: &'a (dyn Fn(Progress) + Sync),
    /// By [`RoomNo`].
    rooms: Vec<Writing>,
    report: Report,
}

/// A room on its way into the store.
#[derive(Default)]
struct Writing {
    /// `None` while its messages are being written, and for a room that needs no more.
    import: Option<RoomImport>,
    total: u64,
    members: Vec<ImportMember>,
}

impl Run<'_> {
    /// The first reading.
    async fn count(&self, source: &Arc<dyn Source>) -> Result<Intake, ReadError> {
        let bytes = Arc::new(AtomicU64::new(0));
        let limits = Arc::clone(self.limits);
        let mut intake = Intake::new(source.name(), source.prefix(), limits, Arc::clone(&bytes));
        let source = Arc::clone(source);
        let mut reading = tokio::task::spawn_blocking(move || {
            source.read(&mut intake)?;
            intake.end()?;
            Ok(intake)
        });
        let intake: Intake = loop {
            match tokio::time::timeout(TELL_EVERY, &mut reading).await {
                Ok(read) => break joined(read)?,
                Err(_) => (self.tell)(Progress::Read { bytes: bytes.load(Ordering::Relaxed) }),
            }
        };
        (self.tell)(Progress::Counted { messages: intake.rooms.iter().map(|room| room.total).sum() });
        Ok(intake)
    }

    /// Begins every room, or finds how far it is.
    async fn begin(&mut self, intake: &Intake) -> Result<(), ImportError> {
        let (importer, limits) = (self.importer, self.limits);
        let plans = (0..intake.rooms.len()).map(|index| {
            let plan = Plan::of(intake, RoomNo(u32::try_from(index).unwrap_or(u32::MAX)), limits);
            async move {
                let Some(plan) = plan else { return Ok(None) };
                let begun = plan.begin(importer, limits).await?;
                Ok::<_, ServiceError>(Some((plan, begun)))
            }
        });
        let mut begun = futures_util::stream::iter(plans).buffered(ROOMS_AT_ONCE);
        while let Some(room) = begun.next().await {
            let writing = match room? {
                None => {
                    *self.report.skipped.entry(Skipped::EmptyRoom).or_default() += 1;
                    Writing::default()
                }
                Some((plan, Err(reason))) => {
                    (self.tell)(Progress::Written { messages: plan.total });
                    self.report.refused.push(Refused { key: plan.room.key, reason });
                    Writing::default()
                }
                Some((plan, Ok(import))) => self.found(plan, import),
            };
            self.rooms.push(writing);
        }
        Ok(())
    }

    /// Takes note of a room that was begun now or before.
    fn found(&mut self, plan: Plan, import: RoomImport) -> Writing {
        let had = import.state().head_seq.get().min(plan.total);
        self.report.users.extend(plan.members.iter().map(|member| member.user.clone()));
        self.report.keys.insert(plan.room.key);
        self.report.messages_before += had;
        if import.state().finished {
            self.report.rooms_before += 1;
            self.report.left_out += plan.total - had;
            (self.tell)(Progress::Written { messages: plan.total });
            return Writing::default();
        }
        (self.tell)(Progress::Written { messages: had });
        self.report.became_channels += u64::from(plan.became_channel);
        Writing { import: Some(import), total: plan.total, members: plan.members }
    }

    /// Rooms whose messages are all in, but not their members: an earlier run stopped between the two, or there are none.
    async fn finish_whole_ones(&mut self) -> Result<(), ImportError> {
        for room in &mut self.rooms {
            let whole =
                room.import.as_ref().is_some_and(|import| import.state().head_seq.get() == room.total);
            if whole && let Some(mut import) = room.import.take() {
                import.finish(std::mem::take(&mut room.members)).await?;
                self.report.rooms += 1;
            }
        }
        Ok(())
    }

    /// The second reading: messages go into the store, and each room is opened to its members with its last one.
    async fn write(&mut self, source: Arc<dyn Source>, mut intake: Intake) -> Result<(), ImportError> {
        for (tally, room) in intake.rooms.iter_mut().zip(&self.rooms) {
            tally.passed_over = room.import.as_ref().map_or(u64::MAX, |import| import.state().head_seq.get());
        }
        if self.rooms.iter().all(|room| room.import.is_none()) {
            self.note_skipped(intake);
            return Ok(());
        }
        let held = Arc::new(Held::default());
        let (batches, mut from) = Batches::new(Arc::clone(&held));
        let reading: JoinHandle<Result<Intake, ReadError>> = tokio::task::spawn_blocking(move || {
            intake.hand_over(batches);
            source.read(&mut intake)?;
            intake.end()?;
            Ok(intake)
        });
        while let Some(batch) = from.recv().await {
            let count = batch.len();
            self.write_batch(batch).await?;
            held.let_go(count);
        }
        let intake = joined(reading.await)?;
        self.note_skipped(intake);
        self.report.held_max = held.most();
        Ok(())
    }

    fn note_skipped(&mut self, intake: Intake) {
        for (why, count) in intake.skipped {
            *self.report.skipped.entry(why).or_default() += count;
        }
    }

    async fn write_batch(&mut self, batch: Batch) -> Result<(), ImportError> {
        let mut by_room: BTreeMap<RoomNo, Vec<ImportMessage>> = BTreeMap::new();
        for (room, message) in batch {
            by_room.entry(room).or_default().push(message);
        }
        let mut parts = Vec::with_capacity(by_room.len());
        for (number, messages) in by_room {
            let room = &mut self.rooms[number.0 as usize];
            let Some(import) = room.import.take() else { continue };
            let is_last = import.state().head_seq.get() + messages.len() as u64 == room.total;
            let members = is_last.then(|| std::mem::take(&mut room.members));
            parts.push(write_part(number, import, messages, members));
        }
        let mut written = futures_util::stream::iter(parts).buffer_unordered(ROOMS_AT_ONCE);
        while let Some(part) = written.next().await {
            let (number, import, count) = part?;
            self.report.messages += count;
            (self.tell)(Progress::Written { messages: count });
            if import.state().finished {
                self.report.rooms += 1;
            } else {
                self.rooms[number.0 as usize].import = Some(import);
            }
        }
        Ok(())
    }
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

fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    match ended {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
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
    /// Begins it; the inner error is the reason why this room alone is refused.
    async fn begin(
        &self,
        importer: &Importer,
        limits: &Limits,
    ) -> Result<Result<RoomImport, String>, ServiceError> {
        if self.members.len() > limits.channel_members as usize {
            return Ok(Err(format!("{} members, over limits.channel_members", self.members.len())));
        }
        let import = match importer.begin(self.room.clone()).await {
            Ok(import) => import,
            Err(error) => return reason_of(&error).map(Err).ok_or(error),
        };
        let (had, has) = (import.state().head_seq.get(), self.total);
        if had > has && !import.state().finished {
            return Ok(Err(format!(
                "an earlier import stopped after {had} messages, the source has only {has}: import the same files again"
            )));
        }
        Ok(Ok(import))
    }

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
