//! `SqliteJournal`, the caller's side of the journal: sealing, waiting for room, and waiting for
//! the commit; the writing is in `committer`.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::{Committed, Conclusion, Journal, JournalError, Settlement, Step, Unit};
use isthmus_core::key_ring::KeyError;
use isthmus_core::ledger::LedgerEntry;
use tokio::sync::{Semaphore, oneshot};

use crate::commit_status::CommitStatus;
use crate::committer::{Order, Request};
use crate::file_key_ring::FileKeyRing;
use crate::intake_rows::SealedIntake;
use crate::owed_rows::SealedAnswer;
use crate::work::Work;

/// Bytes that may wait for the committer, in KiB: 64 MiB.
pub(crate) const ROOM_KIB: usize = 64 * 1_024;

/// The journal of one node. Whoever commits seals on its own task and then waits while 64 MiB of
/// other units wait for the disk; units that wait together are synced together.
///
/// A message is known as a repeat as long as its row is kept, which is the retention of raw
/// messages. A conclusion of a message that has one is ignored whole, and so is a settlement of a
/// delivery that is not there: after a crash either may be committed again.
///
/// Units of one caller are committed in the order in which their futures are first polled, as
/// long as there is room for all of them.
pub struct SqliteJournal {
    keys: Arc<FileKeyRing>,
    orders: Sender<Order>,
    room: Arc<Semaphore>,
    status: Arc<CommitStatus>,
}

impl SqliteJournal {
    pub(crate) fn new(
        keys: Arc<FileKeyRing>,
        orders: Sender<Order>,
        status: Arc<CommitStatus>,
    ) -> Self {
        Self {
            keys,
            orders,
            room: Arc::new(Semaphore::new(ROOM_KIB)),
            status,
        }
    }

    /// Lets in no more units, and tells the committer to end after those that are in.
    pub(crate) fn close(&self) {
        self.room.close();
        if self.orders.send(Order::Stop).is_err() {
            tracing::debug!("the committer had ended before it was told to");
        }
    }

    /// Whether the committer does what was asked of it before; waits until that is done.
    pub(crate) async fn answers(&self) -> bool {
        let (whom, answered) = oneshot::channel();
        self.orders.send(Order::Answer(whom)).is_ok() && answered.await.is_ok()
    }

    fn seal(&self, message: Envelope<RawMessage>) -> Result<SealedIntake, JournalError> {
        SealedIntake::seal(message, &self.keys).map_err(|error| self.unsealed(error))
    }

    /// Takes the answers out of conclusions and seals them.
    fn seal_answers(
        &self,
        conclusions: Vec<Conclusion>,
    ) -> Result<Vec<(Conclusion, Option<SealedAnswer>)>, JournalError> {
        let sealed = conclusions.into_iter().map(|mut conclusion| {
            let answer = conclusion.answer.take();
            let seal = |answer| SealedAnswer::seal(answer, conclusion.at, &self.keys);
            let answer = answer.map(seal).transpose();
            let answer = answer.map_err(|error| self.unsealed(error))?;
            Ok((conclusion, answer))
        });
        sealed.collect()
    }

    /// Where no key can be made because the key file is broken, no commit would come in which the
    /// committer notices it.
    fn unsealed(&self, error: KeyError) -> JournalError {
        match self.keys.failure() {
            Some(why) => {
                self.status.fail(why);
                JournalError::Failed(why.to_owned())
            }
            None => error.into(),
        }
    }

    async fn submit(&self, unit: Unit) -> Result<Committed, JournalError> {
        if let Some(why) = self.status.failure() {
            return Err(JournalError::Failed(why.to_owned()));
        }
        let work = match unit {
            Unit::Intake(message) => Work::Intake(self.seal(message)?),
            Unit::Numbered(message, number) => Work::Numbered(self.seal(message)?, number),
            Unit::Link(sender, order) => Work::Link(sender, order),
            Unit::Conclusions(conclusions) => Work::Conclusions(self.seal_answers(conclusions)?),
            Unit::Settlements(settlements) => Work::Settlements(settlements),
            Unit::Rulings(rulings) => Work::Rulings(rulings),
            Unit::Checkpoint(checkpoint) => Work::Checkpoint(checkpoint),
            Unit::Acknowledged(places) => Work::Acknowledged(places),
        };
        let room = Arc::clone(&self.room).acquire_many_owned(room_for(&work));
        let room = room.await.map_err(|_closed| JournalError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let request = Box::new(Request { work, answer, room });
        let sent = self.orders.send(Order::Commit(request));
        sent.map_err(|_ended| JournalError::Closed)?;
        answered.await.unwrap_or(Err(JournalError::Closed))
    }
}

impl Journal for SqliteJournal {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        Box::pin(self.submit(unit))
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").finish_non_exhaustive()
    }
}

/// The KiB that a unit takes while it waits: at least one, so that their number is bounded too,
/// and never more than there are.
fn room_for(work: &Work) -> u32 {
    let bytes = match work {
        Work::Intake(intake) | Work::Numbered(intake, _) => intake.sealed.len(),
        Work::Link(..) => 0,
        Work::Conclusions(conclusions) => {
            let bytes = conclusions.iter().map(|(conclusion, answer)| {
                let answer = answer.as_ref().map_or(0, |answer| answer.sealed.len());
                conclusion_bytes(conclusion) + answer
            });
            bytes.sum()
        }
        Work::Settlements(settlements) => settlements.iter().map(settlement_bytes).sum(),
        Work::Rulings(rulings) => rulings.len() * 512,
        Work::Checkpoint(checkpoint) => checkpoint.note.len(),
        Work::Acknowledged(places) => places.len() * 16,
    };
    u32::try_from((bytes / 1_024 + 1).min(ROOM_KIB)).unwrap_or(1)
}

/// About the bytes of a conclusion in memory.
fn conclusion_bytes(conclusion: &Conclusion) -> usize {
    let sealed = conclusion
        .deliveries
        .iter()
        .map(|new| 256 + new.sealed.bytes().len());
    let entries = conclusion.entries.iter().map(|one| one.entry.len());
    256 + 128 * conclusion.decisions.len() + sealed.sum::<usize>() + entries.sum::<usize>()
}

/// About the bytes of a settlement in memory.
fn settlement_bytes(settlement: &Settlement) -> usize {
    let entries = settlement.entries.iter().map(LedgerEntry::len);
    let sealed = match &settlement.step {
        Step::Rebuilt { sealed, .. } => sealed.bytes().len(),
        Step::Delivered | Step::Retry { .. } | Step::Park(_) | Step::Withheld(_) => 0,
    };
    64 + sealed + entries.sum::<usize>()
}
