//! Opening an SQLite file the way every file of the store is opened; which tables stand in it is
//! told in `data_schema` and `key_schema`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{StoreError, in_file};
use crate::store_paths::make_file;

/// How long a statement waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements that a connection keeps ready.
const STATEMENTS: usize = 48;

/// The tables of a file, version by version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    /// The newest version.
    pub(crate) version: i64,
    /// What makes the newest version of an empty file.
    pub(crate) create: &'static str,
    /// What makes each of the versions before into the next one, by the version it begins with.
    pub(crate) upgrades: &'static [(i64, &'static str)],
}

/// Opens a file for writing, and makes its tables when it is new.
///
/// A commit is synced before it returns (`synchronous=FULL` in WAL mode, see
/// <https://www.sqlite.org/pragma.html#pragma_synchronous>), and what is deleted is overwritten
/// with zeros (`secure_delete`).
pub(crate) fn open_writer(path: &Path, schema: Schema) -> Result<Connection, StoreError> {
    drop(make_file(path)?);
    let connection = connect(path).map_err(in_file(path))?;
    let found = version(&connection).map_err(in_file(path))?;
    if found > schema.version {
        return Err(StoreError::NewerSchema {
            file: path.to_owned(),
            found,
            known: schema.version,
        });
    }
    let oldest = schema.upgrades.iter().map(|(from, _)| *from).min();
    if found > 0 && found < oldest.unwrap_or(schema.version) {
        return Err(StoreError::OlderSchema {
            file: path.to_owned(),
            found,
            known: schema.version,
        });
    }
    if found < schema.version {
        bring_up(&connection, schema).map_err(in_file(path))?;
    }
    Ok(connection)
}

/// Opens a file, whose tables are there, for reading alone.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let connection = connect(path)?;
        connection.pragma_update(None, "query_only", "ON")?;
        Ok(connection)
    };
    open().map_err(in_file(path))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    // Without this, a plan may depend on the values bound to it: SQLite then plans a statement anew
    // each time that it is taken from the cache
    // (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Makes the tables of a new file, or brings those of an older release up to this one, in one
/// transaction. Two processes may come here at once: the second finds the first one's work.
fn bring_up(connection: &Connection, schema: Schema) -> rusqlite::Result<()> {
    within(connection, |connection| {
        let found = version(connection)?;
        if found == 0 {
            connection.execute_batch(schema.create)?;
        } else {
            let missing = schema.upgrades.iter().filter(|(from, _)| *from >= found);
            for (_, upgrade) in missing {
                connection.execute_batch(upgrade)?;
            }
        }
        connection.pragma_update(None, "user_version", schema.version)
    })
}

/// Does all of `work` in one write transaction, or nothing of it.
pub(crate) fn within<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
    let result = work(connection).and_then(|value| {
        connection.prepare_cached("COMMIT")?.execute(())?;
        Ok(value)
    });
    if result.is_err() && !connection.is_autocommit() {
        // The first error is the one to tell; a transaction that cannot be rolled back is
        // undone by SQLite when the file is next opened.
        if let Err(error) = connection.execute_batch("ROLLBACK") {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
    result
}

/// Holds a mutex. One that a panic left behind is taken as it is: what it guards is a connection
/// or a cache, and neither is changed halfway.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
