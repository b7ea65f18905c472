//! `RunningStore`, the store as the one running gateway has it: locked, with its committer; what
//! commands may do beside it is in `store`.

use std::path::Path;
use std::sync::{Arc, mpsc};

use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use rusqlite::Connection;

use crate::commit_status::CommitStatus;
use crate::committer::{Committer, CommitterThread};
use crate::data_schema::open_database;
use crate::embedded_queue::EmbeddedQueue;
use crate::error::{StoreError, at_path, in_file};
use crate::master_key::MasterKey;
use crate::sqlite_backlog::SqliteBacklog;
use crate::sqlite_journal::SqliteJournal;
use crate::sqlite_ledger::SqliteLedger;
use crate::sqlite_owed_answers::SqliteOwedAnswers;
use crate::store::Store;
use crate::store_paths::StorePaths;

/// Memory that the committer's page cache may take, in KiB: 32 MiB. A large one has its
/// price: SQLite goes through the whole cache after some of the commits that split a page.
const CACHE_KIB: i64 = 32 * 1_024;

/// The log is copied into the database when it reaches this many pages of 4 KiB: 32 MiB. The
/// commit that reaches it waits for the copying, some tens of milliseconds.
const LOG_PAGES: i64 = 8_000;

/// How the store of a running gateway is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Where its files are.
    pub paths: StorePaths,
    /// The largest size of `isthmus.db` in bytes, beyond which the journal is full; None for
    /// what the disk gives.
    pub size_limit: Option<u64>,
}

/// A store under its lock, with the thread that commits. When it is dropped, what waits is
/// committed, and the lock is given up.
#[derive(Debug)]
pub struct RunningStore {
    store: Store,
    journal: Arc<SqliteJournal>,
    backlog: Arc<SqliteBacklog>,
    ledger: Arc<SqliteLedger>,
    owed: Arc<SqliteOwedAnswers>,
    status: Arc<CommitStatus>,
    committer: CommitterThread,
}

impl RunningStore {
    /// Takes the lock, opens the store and starts the committer.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another gateway runs on it, and those of [`Store::open`].
    pub fn start(options: &StoreOptions, master: &MasterKey) -> Result<Self, StoreError> {
        let paths = &options.paths;
        paths.make_folders()?;
        let lock = paths.take_lock()?;
        let store = Store::open(paths, master)?;
        let database = paths.database();
        let connection = open_database(&database)?;
        tune(&connection, options.size_limit).map_err(in_file(&database))?;
        let status = Arc::new(CommitStatus::new());
        let (sender, orders) = mpsc::channel();
        let journal = SqliteJournal::new(store.keys(), sender, Arc::clone(&status));
        let backlog = SqliteBacklog::open(&database, store.keys(), Arc::clone(&status))?;
        let ledger = SqliteLedger::open(&database, Some(Arc::clone(&status)))?;
        let owed = SqliteOwedAnswers::open(&database, store.keys(), Arc::clone(&status))?;
        let committer = Committer {
            connection,
            keys: store.keys(),
            orders,
            status: Arc::clone(&status),
            lock,
        };
        let committer = committer.start().map_err(at_path(Path::new("a thread")))?;
        Ok(Self {
            store,
            journal: Arc::new(journal),
            backlog: Arc::new(backlog),
            ledger: Arc::new(ledger),
            owed: Arc::new(owed),
            status,
            committer,
        })
    }

    /// What commands may do with it, too.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Commits units.
    pub fn journal(&self) -> Arc<SqliteJournal> {
        Arc::clone(&self.journal)
    }

    /// The messages that wait for their outcome.
    pub fn backlog(&self) -> Arc<SqliteBacklog> {
        Arc::clone(&self.backlog)
    }

    /// The ledger, for whoever signs it.
    pub fn ledger(&self) -> Arc<SqliteLedger> {
        Arc::clone(&self.ledger)
    }

    /// What senders are owed.
    pub fn owed_answers(&self) -> Arc<SqliteOwedAnswers> {
        Arc::clone(&self.owed)
    }

    /// The embedded delivery queue. Made once, when the gateway starts: what was committed before
    /// counts as recovered.
    pub fn queue(
        &self,
        clock: Arc<dyn Clock>,
        executor: Arc<dyn Executor>,
    ) -> Result<EmbeddedQueue, StoreError> {
        EmbeddedQueue::open(
            &self.store.paths().database(),
            self.journal(),
            clock,
            executor,
        )
    }

    /// Completes when a sync failed, with what the system said: nothing more is acknowledged, and
    /// the process must end with an error and start again from the files.
    pub async fn failed(&self) -> String {
        self.status.failed().await
    }

    /// Completes when the committer has done what was asked of it before; false when it is gone.
    pub async fn answers(&self) -> bool {
        self.journal.answers().await
    }

    /// Lets nothing more in, commits what waits, and gives up the lock. Units committed after
    /// this get [`isthmus_core::journal::JournalError::Closed`]. Blocking.
    pub fn close(&self) {
        self.committer.end(|| self.journal.close());
    }
}

impl Drop for RunningStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// What only the committer's connection needs.
fn tune(connection: &Connection, size_limit: Option<u64>) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    if let Some(limit) = size_limit {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = limit.cast_signed() / page;
        connection.pragma_update(None, "max_page_count", pages.max(1))?;
    }
    Ok(())
}
