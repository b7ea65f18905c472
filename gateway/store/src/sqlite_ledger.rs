//! `SqliteLedger`, the committed entries of the ledger over a connection of its own; they are
//! written in `ledger_rows`, and what they prove is found out in `isthmus-ledger`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use isthmus_core::future::BoxFuture;
use isthmus_core::id::Sequence;
use isthmus_core::journal::Checkpoint;
use isthmus_core::ledger::LeafHash;
use isthmus_core::ledger_rows::{LedgerRow, LedgerRows, LedgerUnreadable};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::commit_status::CommitStatus;
use crate::database::{hold, open_reader};
use crate::error::StoreError;

/// The ledger of one node.
#[derive(Debug)]
pub struct SqliteLedger {
    connection: Mutex<Connection>,
    /// None beside a running gateway: nothing is told then.
    status: Option<Arc<CommitStatus>>,
}

impl SqliteLedger {
    pub(crate) fn open(
        database: &Path,
        status: Option<Arc<CommitStatus>>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Mutex::new(open_reader(database)?),
            status,
        })
    }

    /// The entries about one message, in order.
    pub fn of_message(&self, sequence: Sequence) -> Result<Vec<LedgerRow>, LedgerUnreadable> {
        let connection = hold(&self.connection);
        let read = || {
            let mut statement = connection.prepare_cached(
                "SELECT entry, leaf, line FROM ledger WHERE sequence = ?1 ORDER BY entry",
            )?;
            let rows = statement.query_map([sequence.0.cast_signed()], read_row)?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(unreadable)
    }
}

impl LedgerRows for SqliteLedger {
    fn size(&self) -> Result<u64, LedgerUnreadable> {
        let growths = self.status.as_ref().map(|status| status.growths());
        let connection = hold(&self.connection);
        let size = connection.query_row(
            "SELECT coalesce(max(entry) + 1, 0) FROM ledger",
            (),
            |row| row.get::<_, i64>(0),
        );
        let size = size.map_err(unreadable)?.cast_unsigned();
        if let (Some(status), Some(growths)) = (&self.status, growths) {
            status.have_seen(growths);
        }
        Ok(size)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<LeafHash>, LedgerUnreadable> {
        let connection = hold(&self.connection);
        let read = || {
            let mut statement = connection.prepare_cached(
                "SELECT leaf FROM ledger WHERE entry >= ?1 AND entry < ?1 + ?2 ORDER BY entry",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![from.cast_signed(), limit], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(unreadable)
    }

    fn for_each(&self, each: &mut dyn FnMut(LedgerRow) -> bool) -> Result<(), LedgerUnreadable> {
        let connection = hold(&self.connection);
        let mut read = || {
            let mut statement =
                connection.prepare_cached("SELECT entry, leaf, line FROM ledger ORDER BY entry")?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                if !each(read_row(row)?) {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(unreadable)
    }

    fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerUnreadable> {
        let connection = hold(&self.connection);
        let read = || {
            let mut statement = connection
                .prepare_cached("SELECT size, root, note FROM checkpoint ORDER BY size")?;
            let rows = statement.query_map((), read_checkpoint)?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(unreadable)
    }

    fn last_checkpoint(&self) -> Result<Option<Checkpoint>, LedgerUnreadable> {
        let connection = hold(&self.connection);
        let read = || {
            let mut statement = connection.prepare_cached(
                "SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1",
            )?;
            statement.query_row((), read_checkpoint).optional()
        };
        read().map_err(unreadable)
    }

    fn grown(&self) -> BoxFuture<'_, ()> {
        match &self.status {
            Some(status) => Box::pin(status.grown()),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A line or a hash of another kind than was written reads as an empty one, which verification
/// then names.
fn read_row(row: &Row<'_>) -> rusqlite::Result<LedgerRow> {
    Ok(LedgerRow {
        place: row.get::<_, i64>(0)?.cast_unsigned(),
        leaf: row.get(1).unwrap_or_default(),
        line: row.get(2).unwrap_or_default(),
    })
}

fn read_checkpoint(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    Ok(Checkpoint {
        size: row.get::<_, i64>(0)?.cast_unsigned(),
        root: row.get(1).unwrap_or_default(),
        note: row.get(2).unwrap_or_default(),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn unreadable(error: rusqlite::Error) -> LedgerUnreadable {
    LedgerUnreadable(error.to_string())
}
