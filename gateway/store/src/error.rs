//! `StoreError`, why a store cannot be opened or read; why a unit was not committed is
//! `isthmus_core::journal::JournalError`.

use std::io;
use std::path::{Path, PathBuf};

use isthmus_core::key_ring::KeyError;
use rusqlite::{ErrorCode, ffi};

/// Why a store cannot be opened, read or written. No text holds a stored value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A running gateway holds the lock.
    #[error(
        "another gateway runs on this store: it holds the lock {}; stop it, or choose another \
         data folder", .0.display()
    )]
    InUse(PathBuf),
    /// The key file was made under another master key. Nothing was changed.
    #[error("the master key is not the one that {} was made with", .0.display())]
    WrongMasterKey(PathBuf),
    /// There is a database and no key file; a new one could not open what is stored.
    #[error(
        "{} holds messages, but its key file {} is missing; restore the key file",
        .database.display(), .key_file.display()
    )]
    KeyFileMissing {
        /// The database.
        database: PathBuf,
        /// Where its key file should be.
        key_file: PathBuf,
    },
    /// Database and key file were not made together.
    #[error(
        "the key file {} belongs to another store than {}; give the one that was made with it",
        .key_file.display(), .database.display()
    )]
    ForeignKeyFile {
        /// The database.
        database: PathBuf,
        /// The key file.
        key_file: PathBuf,
    },
    /// A later release of the gateway wrote this file.
    #[error(
        "{} is of schema version {found}, this gateway knows versions up to {known}; run the \
         gateway that wrote it, or a later one", .file.display()
    )]
    NewerSchema {
        /// The file.
        file: PathBuf,
        /// The version it says.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A development version of the gateway wrote this file, and its tables were others.
    #[error(
        "{} is of schema version {found}, which was never released; this gateway needs version \
         {known}: choose an empty data folder", .file.display()
    )]
    OlderSchema {
        /// The file.
        file: PathBuf,
        /// The version it says.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// A file or folder cannot be made or opened.
    #[error("{} cannot be used: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused a file.
    #[error("{} cannot be read or written: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A key cannot be had.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// An argument is beyond its bound.
    #[error("{what} is longer than {limit} bytes; shorten it")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}

/// Says which file SQLite complained of.
pub(crate) fn in_file(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Database {
        path: path.to_owned(),
        source,
    }
}

/// Says which path the system complained of.
pub(crate) fn at_path(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::File {
        path: path.to_owned(),
        source,
    }
}

/// The disk or the store's bound is full; SQLite says so in another way when it cannot enlarge
/// the index of the log (<https://www.sqlite.org/rescode.html#ioerr_shmsize>).
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Reading or writing failed in a way that does not pass: what was written may be forgotten, and
/// a sync that succeeds later says nothing of it.
pub(crate) fn is_lasting(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) && !is_full(error)
}
