//! `Store`, the files of a store opened by a gateway or by a command beside it; what only a running
//! gateway does is in `running_store`.

use std::sync::Arc;

use isthmus_core::id::hexadecimal;
use isthmus_core::subject::Digester;

use crate::data_schema::{bind_store, open_database, store_id};
use crate::error::StoreError;
use crate::file_key_ring::FileKeyRing;
use crate::master_key::MasterKey;
use crate::sqlite_consents::SqliteConsents;
use crate::sqlite_ledger::SqliteLedger;
use crate::store_paths::StorePaths;
use crate::summary::Summary;

/// A store, open. Several processes may have it open: SQLite's own locks keep their writes apart,
/// and a write waits at most five seconds for another's.
#[derive(Debug)]
pub struct Store {
    paths: StorePaths,
    keys: Arc<FileKeyRing>,
    digester: Digester,
    consents: Arc<SqliteConsents>,
}

impl Store {
    /// Opens the store, and makes it when there is none.
    ///
    /// # Errors
    /// A wrong master key, a key file that is missing or another store's, files of a later
    /// release, and files that cannot be opened; nothing is changed then.
    pub fn open(paths: &StorePaths, master: &MasterKey) -> Result<Self, StoreError> {
        paths.make_folders()?;
        let database = paths.database();
        let connection = open_database(&database)?;
        let expected = store_id(&connection, &database)?.map(|id| (id, database.as_path()));
        let (keys, id, digester) = FileKeyRing::open(paths.key_file(), master, expected)?;
        if bind_store(&connection, &database, id)? != id {
            return Err(StoreError::ForeignKeyFile {
                database,
                key_file: paths.key_file().to_owned(),
            });
        }
        let keys = Arc::new(keys);
        let consents = SqliteConsents::open(&database, connection, Arc::clone(&keys))?;
        Ok(Self {
            paths: paths.clone(),
            keys,
            digester,
            consents: Arc::new(consents),
        })
    }

    /// Makes the digests by which this store knows patients and messages.
    pub const fn digester(&self) -> &Digester {
        &self.digester
    }

    /// The keys.
    pub fn keys(&self) -> Arc<FileKeyRing> {
        Arc::clone(&self.keys)
    }

    /// What patients allowed and forbade.
    pub fn consents(&self) -> Arc<SqliteConsents> {
        Arc::clone(&self.consents)
    }

    /// The ledger, over a connection of its own.
    pub fn ledger(&self) -> Result<SqliteLedger, StoreError> {
        SqliteLedger::open(&self.paths.database(), None)
    }

    /// Which store this is, for names that others see: a digest, so that it tells nothing.
    pub fn name(&self) -> String {
        let name = self.digester.address("the store's name");
        hexadecimal(name.as_bytes().get(..8).unwrap_or_default())
    }

    /// Counts and lists for people.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        Summary::open(&self.paths.database())
    }

    /// Where its files are.
    pub const fn paths(&self) -> &StorePaths {
        &self.paths
    }
}
