//! `Readers`, connections for many who read at once, each of one moment of the database; what is
//! read is known to those who hold one.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use rusqlite::Connection;

use crate::database::{hold, open_reader};
use crate::error::StoreError;

/// How many read at once; more wait for one of them.
const READERS: usize = 4;

/// Connections for reading, opened at the start: later there may be no descriptors left.
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    /// Rises with everyone who finds all of them in use, so that they spread over them.
    turn: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connections = (0..READERS).map(|_| Ok(Mutex::new(open_reader(path)?)));
        Ok(Self {
            connections: connections.collect::<Result<_, StoreError>>()?,
            turn: AtomicUsize::new(0),
        })
    }

    /// A moment of the database, which begins with the first read. Whoever holds one asks for no
    /// second one: all may be held by others who do so too.
    pub(crate) fn begin(&self) -> rusqlite::Result<Moment<'_>> {
        let connection = self.free().ok_or(rusqlite::Error::InvalidQuery)?;
        if !connection.is_autocommit() {
            // The end of the moment before failed.
            connection.execute_batch("ROLLBACK")?;
        }
        connection.prepare_cached("BEGIN")?.execute(())?;
        Ok(Moment(connection))
    }

    /// One that is free, or the first to become so of those that are waited for in turn.
    fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        for connection in &self.connections {
            match connection.try_lock() {
                Ok(connection) => return Some(connection),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % READERS;
        self.connections.get(turn).map(hold)
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

/// One moment of the database; it ends with this.
pub(crate) struct Moment<'r>(MutexGuard<'r, Connection>);

impl Deref for Moment<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        let end = self.0.prepare_cached("COMMIT");
        if let Err(error) = end.and_then(|mut end| end.execute(())) {
            tracing::error!(%error, "a read could not be ended");
        }
    }
}
