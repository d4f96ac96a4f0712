//! Rooms filled with messages before anything is measured.

use super::BenchError;
use super::line::Line;
use super::scan::{Item, RoomText, items};
use super::template::Template;

/// Sends in flight: what a session may have, as the server's limits go.
const IN_FLIGHT: u64 = 32;

/// How often progress is told, messages.
const PROGRESS_EVERY: u64 = 1_000;

/// Writes so many messages to each room, the rooms in turn; the line's user is a member of all.
pub(super) async fn fill(
    line: &mut Line,
    mut template: Template,
    rooms: &[(RoomText, u64)],
    mut on_progress: impl FnMut(u64),
) -> Result<(), BenchError> {
    let rounds = rooms.iter().map(|(_, messages)| *messages).max().unwrap_or_default();
    let (mut written, mut answered) = (0, 0);
    for round in 0..rounds {
        for (room, _) in rooms.iter().filter(|(_, messages)| round < *messages) {
            while written - answered >= IN_FLIGHT {
                answered += read_answers(line).await?;
            }
            line.queue(template.address(room, written));
            written += 1;
            if written % PROGRESS_EVERY == 0 {
                on_progress(written);
            }
        }
    }
    while answered < written {
        answered += read_answers(line).await?;
    }
    on_progress(written);
    Ok(())
}

async fn read_answers(line: &mut Line) -> Result<u64, BenchError> {
    line.read().await?;
    let mut answers = 0;
    while let Some(text) = line.next_text()? {
        for item in items(text) {
            match item? {
                Item::Sent { .. } => answers += 1,
                Item::Answer { rest, .. } => {
                    return Err(BenchError::Refused(String::from_utf8_lossy(rest).into_owned()));
                }
                Item::Message { .. } | Item::Event => {}
            }
        }
    }
    Ok(answers)
}
