//! `LedgerRows`, the seam over the committed entries of the ledger and their checkpoints, for
//! whoever builds the tree or checks it; entries are committed through the journal.

use crate::future::BoxFuture;
use crate::journal::Checkpoint;
use crate::ledger::LeafHash;

/// One committed entry, as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its place, counted from 0.
    pub place: u64,
    /// The hash that was kept beside it.
    pub leaf: LeafHash,
    /// The entry: one line of JSON without its line feed.
    pub line: String,
}

/// The rows cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger cannot be read: {0}")]
pub struct LedgerUnreadable(pub String);

/// The committed entries, in order. Reading blocks.
pub trait LedgerRows: Send + Sync {
    /// How many entries there are: one more than the highest place.
    fn size(&self) -> Result<u64, LedgerUnreadable>;

    /// The hashes from a place on, up to `limit`.
    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<LeafHash>, LedgerUnreadable>;

    /// Calls `each` with every row in order of place, until it says false. Rows that were taken out
    /// are not there: the caller sees a gap in the places.
    fn for_each(&self, each: &mut dyn FnMut(LedgerRow) -> bool) -> Result<(), LedgerUnreadable>;

    /// Every checkpoint, in order of size.
    fn checkpoints(&self) -> Result<Vec<Checkpoint>, LedgerUnreadable>;

    /// The checkpoint of the largest size.
    fn last_checkpoint(&self) -> Result<Option<Checkpoint>, LedgerUnreadable>;

    /// Completes when entries were committed since the last call of [`LedgerRows::size`], or at
    /// once when that is so already.
    fn grown(&self) -> BoxFuture<'_, ()>;
}
