//! `SqliteOwedAnswers`, the application acknowledgements that senders have not heard yet, opened;
//! how they are stored is in `owed_rows`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use isthmus_core::application_answer::AnswerPlace;
use isthmus_core::application_answers::{OwedAnswer, OwedAnswers};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use isthmus_core::journal::JournalError;
use isthmus_core::key_ring::KeyError;
use rusqlite::Connection;

use crate::commit_status::CommitStatus;
use crate::database::{hold, open_reader};
use crate::error::StoreError;
use crate::file_key_ring::FileKeyRing;
use crate::owed_rows::{OwedRow, owed_senders, read_owed};

/// What the senders of one node are owed, read over a connection of its own.
#[derive(Debug)]
pub struct SqliteOwedAnswers {
    connection: Mutex<Connection>,
    keys: Arc<FileKeyRing>,
    status: Arc<CommitStatus>,
}

impl SqliteOwedAnswers {
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

    /// An answer whose key is gone is told as such; a key file that cannot be read ends the read.
    fn owed(&self, row: OwedRow) -> Result<OwedAnswer, JournalError> {
        let bytes = row.open(self.keys.as_ref());
        if let Err(error @ KeyError::Unavailable(_)) = bytes {
            return Err(JournalError::Keys(error));
        }
        Ok(OwedAnswer {
            place: row.place,
            message: row.message,
            control_id: row.control_id,
            accept: row.accept,
            since: row.since,
            bytes,
        })
    }
}

impl OwedAnswers for SqliteOwedAnswers {
    fn senders(&self) -> Result<Vec<SenderId>, JournalError> {
        let debts = self.status.debts();
        let senders = owed_senders(&hold(&self.connection)).map_err(|error| failed(&error))?;
        self.status.have_looked(debts);
        Ok(senders)
    }

    fn page(
        &self,
        sender: &SenderId,
        after: AnswerPlace,
        limit: usize,
    ) -> Result<Vec<OwedAnswer>, JournalError> {
        let page = read_owed(&hold(&self.connection), sender, after, limit)
            .map_err(|error| failed(&error))?;
        page.into_iter().map(|row| self.owed(row)).collect()
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.status.indebted())
    }
}

fn failed(error: &rusqlite::Error) -> JournalError {
    JournalError::Failed(error.to_string())
}
