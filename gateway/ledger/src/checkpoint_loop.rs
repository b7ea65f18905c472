//! `CheckpointLoop`, which signs what the ledger is while it grows, and signs nothing on a ledger
//! that is not what it signed before. Whether the entries are what was hashed is told by `verify`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::journal::{Checkpoint, Journal, JournalError, Unit};
use isthmus_core::ledger_rows::{LedgerRows, LedgerUnreadable};

use crate::checkpoint::{NoteError, SignedNote, opened};
use crate::merkle::Frontier;
use crate::signing_key::SigningKey;

/// How many hashes are read at once; bounds the memory and the time in which nobody else runs.
const PAGE: u64 = 4096;
/// How long to wait before asking a full store again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// Why nothing more is signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The rows cannot be read.
    #[error(transparent)]
    Rows(#[from] LedgerUnreadable),
    /// The checkpoint cannot be committed.
    #[error("the checkpoint is not committed: {0}")]
    Journal(#[from] JournalError),
    /// The last checkpoint is not what this key signed.
    #[error("the last checkpoint of the ledger, over {size} entries, is not ours: {why}")]
    NotOurs {
        /// The size that its row says.
        size: u64,
        /// What is wrong with it.
        why: NoteError,
    },
    /// Entries that were signed are gone.
    #[error("the ledger has {found} entries, and {signed} were signed")]
    Truncated {
        /// How many there are.
        found: u64,
        /// How many were signed, or read before.
        signed: u64,
    },
    /// Rows are missing between others.
    #[error("the ledger lacks entries from place {from} on")]
    Gap {
        /// The first place of the page that is not whole.
        from: u64,
    },
    /// What was signed was changed.
    #[error("the first {size} entries of the ledger are not those that were signed")]
    RootDiffers {
        /// How many the last checkpoint covers.
        size: u64,
    },
}

/// Signs the ledger whenever it has grown. There is one for a store, and no other signs meanwhile.
///
/// Dropping a future of it loses nothing: what is not known to be committed is read anew.
pub struct CheckpointLoop {
    rows: Arc<dyn LedgerRows>,
    journal: Arc<dyn Journal>,
    executor: Arc<dyn Executor>,
    key: SigningKey,
    every: Duration,
    tree: Option<SignedTree>,
}

/// The tree as far as it was read, and the checkpoint that was committed last.
struct SignedTree {
    frontier: Frontier,
    last: Option<Checkpoint>,
}

impl CheckpointLoop {
    /// A loop that signs at most once in `every`. Nothing is read yet.
    pub fn new(
        rows: Arc<dyn LedgerRows>,
        journal: Arc<dyn Journal>,
        executor: Arc<dyn Executor>,
        key: SigningKey,
        every: Duration,
    ) -> Self {
        Self {
            rows,
            journal,
            executor,
            key,
            every,
            tree: None,
        }
    }

    /// Runs until the journal fails or closes, or the ledger is not what was signed; returns why.
    pub async fn run(&mut self) -> CheckpointError {
        let mut waiting = false;
        loop {
            match self.sign_now().await {
                Ok(_signed) => {
                    waiting = false;
                    self.executor.sleep(self.every).await;
                    self.rows.grown().await;
                }
                // Nothing was stored, so the next time signs at least as much.
                Err(CheckpointError::Journal(JournalError::Full)) => {
                    if !waiting {
                        tracing::warn!("the store is full, the checkpoint waits for room");
                        waiting = true;
                    }
                    self.executor.sleep(FULL_PAUSE).await;
                }
                Err(error) => return error,
            }
        }
    }

    /// Signs all that is committed, unless it is signed already, and returns the checkpoint over
    /// it, synced; None while the ledger is empty. The first time, it reads every hash and checks
    /// the last checkpoint.
    ///
    /// # Errors
    /// When the ledger is not what was signed, and when rows or journal fail.
    pub async fn sign_now(&mut self) -> Result<Option<Checkpoint>, CheckpointError> {
        // Taken out, so that a future that is dropped at the commit leaves no tree of which
        // nobody knows whether it is signed.
        let mut tree = match self.tree.take() {
            Some(tree) => tree,
            None => self.resume().await?,
        };
        let (size, signed) = (self.rows.size()?, tree.frontier.size());
        if size < signed {
            return Err(CheckpointError::Truncated {
                found: size,
                signed,
            });
        }
        self.read(&mut tree.frontier, size).await?;
        let signed = tree.last.as_ref().map_or(0, |last| last.size);
        let mut committed = Ok(());
        if size > signed {
            let root = tree.frontier.root();
            let note = SignedNote::sign(size, root, &self.key).to_string();
            let next = Checkpoint { size, root, note };
            let unit = Unit::Checkpoint(next.clone());
            committed = self.journal.commit(unit).await.map(|_done| {
                tree.last = Some(next);
            });
        }
        let last = tree.last.clone();
        self.tree = Some(tree);
        committed?;
        Ok(last)
    }

    /// The tree at the last checkpoint, when it is the one that was signed.
    async fn resume(&self) -> Result<SignedTree, CheckpointError> {
        let mut frontier = Frontier::default();
        let last = self.rows.last_checkpoint()?;
        if let Some(row) = &last {
            let size = row.size;
            let head = opened(row, self.key.verifying())
                .map_err(|why| CheckpointError::NotOurs { size, why })?;
            let (found, signed) = (self.rows.size()?, head.size);
            if found < signed {
                return Err(CheckpointError::Truncated { found, signed });
            }
            self.read(&mut frontier, signed).await?;
            if frontier.root() != head.root {
                return Err(CheckpointError::RootDiffers { size });
            }
        }
        Ok(SignedTree { frontier, last })
    }

    /// Reads hashes until the tree has this size.
    async fn read(&self, frontier: &mut Frontier, size: u64) -> Result<(), CheckpointError> {
        while frontier.size() < size {
            let from = frontier.size();
            let limit = usize::try_from(PAGE.min(size - from)).unwrap_or(usize::MAX);
            let page = self.rows.leaves(from, limit)?;
            if page.len() != limit {
                return Err(CheckpointError::Gap { from });
            }
            for leaf in page {
                frontier.append(leaf);
            }
            if frontier.size() < size {
                // Lets other tasks in between two pages: reading blocks.
                self.executor.sleep(Duration::ZERO).await;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CheckpointLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointLoop")
            .field("key", &self.key)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
