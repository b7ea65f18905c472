//! `StorePaths`, where the files of a store lie and who may read them; what stands in them is told
//! in `data_schema` and `key_schema`.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{StoreError, at_path};

/// The data folder of a node: `isthmus.db`, `isthmus.lock`, and `keys/keys.db` unless the key file
/// is kept elsewhere. Folders made here are for their owner alone (0700), and so are files (0600).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePaths {
    folder: PathBuf,
    key_file: PathBuf,
}

impl StorePaths {
    /// A store in this folder, its key file in the folder `keys` inside.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let key_file = folder.join("keys").join("keys.db");
        Self { folder, key_file }
    }

    /// The same store with its key file elsewhere: on another volume, apart from the backups of
    /// the data.
    #[must_use]
    pub fn with_key_file(mut self, key_file: impl Into<PathBuf>) -> Self {
        self.key_file = key_file.into();
        self
    }

    /// Messages, deliveries and consents.
    pub fn database(&self) -> PathBuf {
        self.folder.join("isthmus.db")
    }

    /// The wrapped keys.
    pub fn key_file(&self) -> &Path {
        &self.key_file
    }

    /// The file whose lock a running gateway holds.
    pub fn lock_file(&self) -> PathBuf {
        self.folder.join("isthmus.lock")
    }

    /// Makes the folders that are missing.
    pub(crate) fn make_folders(&self) -> Result<(), StoreError> {
        let key_folder = self.key_file.parent().unwrap_or(&self.folder);
        for folder in [self.folder.as_path(), key_folder] {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(folder).map_err(at_path(folder))?;
        }
        Ok(())
    }

    /// Whether a gateway runs on the store: it holds the lock. A folder without a store is no
    /// running gateway.
    ///
    /// # Errors
    /// When the lock cannot be looked at.
    pub fn is_in_use(&self) -> Result<bool, StoreError> {
        if !self.lock_file().exists() {
            return Ok(false);
        }
        match self.take_lock() {
            Ok(_given_up_at_once) => Ok(false),
            Err(StoreError::InUse(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes the lock of a running gateway. It is given up when the file is dropped, or by the
    /// system when the process ends in any way.
    pub(crate) fn take_lock(&self) -> Result<File, StoreError> {
        let path = self.lock_file();
        let file = make_file(&path)?;
        for _look in 0..LOOKS {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_LOOKS),
                Err(TryLockError::Error(source)) => return Err(StoreError::File { path, source }),
            }
        }
        Err(StoreError::InUse(path))
    }
}

/// How often the lock is tried: a command holds it for a moment while it looks whether a gateway
/// does.
const LOOKS: u32 = 5;

/// The time between two tries.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Opens a file for its owner alone, and makes it when it is missing. SQLite gives its log beside
/// a database the permissions of the database.
pub(crate) fn make_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path).map_err(at_path(path))
}
