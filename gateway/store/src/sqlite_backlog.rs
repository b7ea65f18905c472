//! `SqliteBacklog`, the messages that wait for their outcome, opened; how they are stored is in
//! `intake_rows`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use isthmus_core::future::BoxFuture;
use isthmus_core::id::Sequence;
use isthmus_core::journal::{Backlog, JournalError, OpenIntake};
use isthmus_core::key_ring::KeyError;
use isthmus_core::refusal::{Reason, Refusal};
use rusqlite::Connection;

use crate::commit_status::CommitStatus;
use crate::database::{hold, open_reader};
use crate::error::StoreError;
use crate::file_key_ring::FileKeyRing;
use crate::intake_rows::{SealedIntake, read_message, read_open_intakes};

/// A page ends early when its messages reach this many bytes; [`Backlog::arrived`] then says at
/// once that there is more.
const PAGE_BYTES: usize = 4 << 20;

/// The backlog of one node, read over a connection of its own. It is made for one reader.
#[derive(Debug)]
pub struct SqliteBacklog {
    connection: Mutex<Connection>,
    keys: Arc<FileKeyRing>,
    status: Arc<CommitStatus>,
}

impl SqliteBacklog {
    pub(crate) fn open(
        database: &Path,
        keys: Arc<FileKeyRing>,
        status: Arc<CommitStatus>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Mutex::new(open_reader(database)?),
            keys,
            status,
        })
    }

    /// A message whose key is gone is for a person; a key file that cannot be read is not.
    fn open_intake(
        &self,
        sequence: Sequence,
        intake: SealedIntake,
    ) -> Result<OpenIntake, JournalError> {
        let id = intake.id;
        let message = match intake.open(self.keys.as_ref()) {
            Ok(message) => Ok(message),
            Err(KeyError::Destroyed | KeyError::Mismatch) => Err(Refusal::park(Reason::Unopenable)),
            Err(error @ KeyError::Unavailable(_)) => return Err(JournalError::Keys(error)),
        };
        Ok(OpenIntake {
            sequence,
            id,
            message,
        })
    }
}

impl Backlog for SqliteBacklog {
    fn open_intakes(
        &self,
        limit: usize,
        in_work: &[Sequence],
    ) -> Result<Vec<OpenIntake>, JournalError> {
        let arrivals = self.status.arrivals();
        let (page, cut) = {
            let connection = hold(&self.connection);
            read_open_intakes(&connection, limit, PAGE_BYTES, in_work)
                .map_err(|error| JournalError::Failed(error.to_string()))?
        };
        if !cut && page.len() < limit {
            self.status.have_read(arrivals);
        }
        page.into_iter()
            .map(|(sequence, intake)| self.open_intake(sequence, intake))
            .collect()
    }

    fn message(&self, sequence: Sequence) -> Result<Option<OpenIntake>, JournalError> {
        let found = {
            let connection = hold(&self.connection);
            read_message(&connection, sequence)
                .map_err(|error| JournalError::Failed(error.to_string()))?
        };
        found
            .map(|intake| self.open_intake(sequence, intake))
            .transpose()
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.status.arrived())
    }
}
