//! The rows of the ledger and its checkpoints: writing them. Who reads them is in `sqlite_ledger`,
//! and what they say in `isthmus_core::ledger`.

use isthmus_core::journal::Checkpoint;
use isthmus_core::ledger::{LedgerEntry, leaf_hash};
use rusqlite::{Connection, params};

/// Appends entries, in order; `sequence` is the message they are about.
pub(crate) fn insert_entries<'e>(
    connection: &Connection,
    sequence: Option<i64>,
    entries: impl IntoIterator<Item = &'e LedgerEntry>,
) -> rusqlite::Result<()> {
    let mut entries = entries.into_iter().peekable();
    if entries.peek().is_none() {
        return Ok(());
    }
    let mut next = connection.prepare_cached("SELECT coalesce(max(entry) + 1, 0) FROM ledger")?;
    let next: i64 = next.query_row((), |row| row.get(0))?;
    let mut insert = connection.prepare_cached("INSERT INTO ledger VALUES(?1, ?2, ?3, ?4)")?;
    for (place, entry) in (next..).zip(entries) {
        let line = entry.at(place.cast_unsigned());
        insert.execute(params![place, sequence, leaf_hash(&line), line])?;
    }
    Ok(())
}

/// Keeps a checkpoint; one of the same size is there already after a crash in between.
pub(crate) fn insert_checkpoint(
    connection: &Connection,
    checkpoint: &Checkpoint,
) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO checkpoint VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    let size = checkpoint.size.cast_signed();
    insert.execute(params![size, checkpoint.root, checkpoint.note])?;
    Ok(())
}
