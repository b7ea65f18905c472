//! The committer: the one thread that writes units and syncs them, as many together as wait;
//! sealing and waiting for room are done by the callers in `sqlite_journal`.

use std::fs::File;
use std::io;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use isthmus_core::intake::Numbered;
use isthmus_core::journal::{Committed, JournalError};
use isthmus_core::key_ring::KeyError;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::commit_status::CommitStatus;
use crate::conclusion_rows::insert_conclusion;
use crate::database::{hold, within};
use crate::error::is_full;
use crate::file_key_ring::FileKeyRing;
use crate::intake_rows::{SealedIntake, insert_intake};
use crate::ledger_rows::insert_checkpoint;
use crate::link_rows::{insert_numbered, order_link};
use crate::owed_rows::{SealedAnswer, strike};
use crate::settlement_rows::{rule, settle};
use crate::work::Work;

/// Units in one transaction at most.
const BATCH: usize = 1_024;

/// How often a batch is tried while another process holds a file; each time waits the busy
/// timeout of five seconds.
const TRIES: usize = 6;

type Answer = Result<Committed, JournalError>;

/// A unit, and whom to tell.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) work: Work,
    pub(crate) answer: oneshot::Sender<Answer>,
    /// Its share of the bytes that may wait; given back when it was answered.
    pub(crate) room: OwnedSemaphorePermit,
}

/// What the committer receives.
#[derive(Debug)]
pub(crate) enum Order {
    Commit(Box<Request>),
    /// Tell that what came before is done.
    Answer(oneshot::Sender<()>),
    /// Commit what came before, then end.
    Stop,
}

/// The committer, before its thread starts.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(crate) connection: Connection,
    pub(crate) keys: Arc<FileKeyRing>,
    pub(crate) orders: Receiver<Order>,
    pub(crate) status: Arc<CommitStatus>,
    /// The lock of the store, held until the last commit is done.
    pub(crate) lock: File,
}

/// The committer's thread.
#[derive(Debug)]
pub(crate) struct CommitterThread(Mutex<Option<JoinHandle<()>>>);

impl CommitterThread {
    /// Tells it to end by `stop`, and waits for that; the second time there is nothing to do.
    pub(crate) fn end(&self, stop: impl FnOnce()) {
        let Some(thread) = hold(&self.0).take() else {
            return;
        };
        stop();
        if thread.join().is_err() {
            tracing::error!("the committer ended unexpectedly");
        }
    }
}

impl Committer {
    /// Starts the thread; it ends with [`Order::Stop`].
    pub(crate) fn start(self) -> io::Result<CommitterThread> {
        let builder = std::thread::Builder::new().name("isthmus-commit".to_owned());
        let thread = builder.spawn(move || self.run())?;
        Ok(CommitterThread(Mutex::new(Some(thread))))
    }

    fn run(self) {
        let _ended = Ended(Arc::clone(&self.status));
        let mut stopping = false;
        while !stopping {
            let Ok(first) = self.orders.recv() else { break };
            let (mut batch, mut asked) = (Vec::new(), Vec::new());
            let rest = std::iter::from_fn(|| self.orders.try_recv().ok());
            for order in std::iter::once(first).chain(rest) {
                match order {
                    Order::Commit(request) => batch.push(*request),
                    Order::Answer(whom) => asked.push(whom),
                    Order::Stop => stopping = true,
                }
                if stopping || batch.len() >= BATCH {
                    break;
                }
            }
            self.commit(batch);
            for whom in asked {
                // Whoever asked may be gone.
                let _gone = whom.send(());
            }
        }
        drop(self.lock);
    }

    /// Commits a batch and answers it. When the store is full, what takes most room is left out
    /// until the rest fits: settlements, which dispose of payloads, come alone last.
    fn commit(&self, batch: Vec<Request>) {
        if batch.is_empty() {
            return;
        }
        if let Some(why) = self.keys.failure() {
            self.status.fail(why);
        }
        if let Some(why) = self.status.failure() {
            let failed = JournalError::Failed(why.to_owned());
            return answer_all(batch, &Err(failed));
        }
        match self.write_patiently(&batch) {
            Ok(answers) => self.tell(batch, answers),
            Err(error) if is_full(&error) => {
                let largest = batch.iter().map(|request| request.work.room()).max();
                let takes_most = |request: &Request| Some(request.work.room()) == largest;
                let (left_out, rest): (Vec<_>, Vec<_>) = batch.into_iter().partition(takes_most);
                answer_all(left_out, &Err(JournalError::Full));
                self.commit(rest);
            }
            Err(error) => {
                let why = error.to_string();
                tracing::error!(error = %why, "the store failed, nothing more is acknowledged");
                self.status.fail(&why);
                answer_all(batch, &Err(JournalError::Failed(why)));
            }
        }
    }

    /// A command beside the gateway may hold a file for a while, to empty a log for one.
    fn write_patiently(&self, batch: &[Request]) -> rusqlite::Result<Vec<Answer>> {
        for _try in 1..TRIES {
            match self.write(batch) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                    tracing::warn!("another process holds the store; commits wait for it");
                }
                result => return result,
            }
        }
        self.write(batch)
    }

    /// One transaction, one sync; the keys that were made for it are synced before.
    fn write(&self, batch: &[Request]) -> rusqlite::Result<Vec<Answer>> {
        self.keys.flush()?;
        let destructions = self.keys.notice_destructions()?;
        within(&self.connection, |connection| {
            let written = batch.iter().map(|request| match &request.work {
                Work::Intake(intake) => self.write_sealed(intake, destructions, || {
                    insert_intake(connection, intake).map(Committed::Intake)
                }),
                Work::Numbered(intake, number) => self.write_sealed(intake, destructions, || {
                    insert_numbered(connection, intake, *number).map(Committed::Numbered)
                }),
                Work::Link(sender, order) => {
                    order_link(connection, sender, *order).map(|state| Ok(Committed::Link(state)))
                }
                Work::Conclusions(conclusions) => conclusions
                    .iter()
                    .try_for_each(|(conclusion, answer)| {
                        let answer = self.openable(answer.as_ref(), destructions)?;
                        insert_conclusion(connection, conclusion, answer)
                    })
                    .map(|()| Ok(Committed::Done)),
                Work::Settlements(settlements) => settlements
                    .iter()
                    .try_for_each(|settlement| settle(connection, settlement))
                    .map(|()| Ok(Committed::Done)),
                Work::Rulings(rulings) => rulings
                    .iter()
                    .try_fold(0, |ruled, ruling| {
                        rule(connection, ruling).map(|done| ruled + usize::from(done))
                    })
                    .map(|ruled| Ok(Committed::Ruled(ruled))),
                Work::Checkpoint(checkpoint) => {
                    insert_checkpoint(connection, checkpoint).map(|()| Ok(Committed::Done))
                }
                Work::Acknowledged(places) => places
                    .iter()
                    .try_for_each(|place| strike(connection, *place))
                    .map(|()| Ok(Committed::Done)),
            });
            written.collect()
        })
    }

    /// A message whose key was destroyed after it was sealed could never be opened: its sender
    /// is not told that we have it.
    fn write_sealed(
        &self,
        intake: &SealedIntake,
        destructions: u64,
        write: impl FnOnce() -> rusqlite::Result<Committed>,
    ) -> rusqlite::Result<Answer> {
        if intake.destructions != destructions && !self.keys.contains(intake.key)? {
            return Ok(Err(JournalError::Keys(KeyError::Destroyed)));
        }
        write().map(Ok)
    }

    /// The answer, unless its key was destroyed after it was sealed: nobody could open it.
    fn openable<'a>(
        &self,
        answer: Option<&'a SealedAnswer>,
        destructions: u64,
    ) -> rusqlite::Result<Option<&'a SealedAnswer>> {
        let Some(answer) = answer else {
            return Ok(None);
        };
        if answer.destructions != destructions && !self.keys.contains(answer.key)? {
            tracing::warn!(sender = %answer.sender, "the key of an answer was destroyed");
            return Ok(None);
        }
        Ok(Some(answer))
    }

    fn tell(&self, batch: Vec<Request>, answers: Vec<Answer>) {
        // A message that is to be tried again counts as one that arrived.
        let arrived = answers.iter().map(|answer| match answer {
            Ok(Committed::Intake(accepted) | Committed::Numbered(Numbered::Accepted(accepted))) => {
                u64::from(!accepted.repeat)
            }
            Ok(Committed::Ruled(ruled)) => *ruled as u64,
            Ok(Committed::Done | Committed::Link(_) | Committed::Numbered(_)) | Err(_) => 0,
        });
        let arrived: u64 = arrived.sum();
        if batch.iter().any(|request| request.work.is_in_ledger()) {
            self.status.ledger_grew();
        }
        let owes = batch.iter().any(|request| request.work.owes());
        for (request, answer) in batch.into_iter().zip(answers) {
            send(request, answer);
        }
        if owes {
            self.status.answers_owed();
        }
        self.status.messages_arrived(arrived);
    }
}

/// Tells a caller; one that went away needs no answer.
fn send(request: Request, answer: Answer) {
    drop(request.room);
    if request.answer.send(answer).is_err() {
        tracing::debug!("whoever committed a unit did not wait for the answer");
    }
}

fn answer_all(batch: Vec<Request>, answer: &Answer) {
    for request in batch {
        send(request, answer.clone());
    }
}

/// Says so when the thread ends in any way: nobody may wait for a committer that is gone.
struct Ended(Arc<CommitStatus>);

impl Drop for Ended {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the committer ended unexpectedly");
        }
    }
}
