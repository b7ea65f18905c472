//! Checks a whole ledger in one pass, and names the first entry that is not what was committed.
//! Entries behind the last checkpoint are checked against their own hashes alone: nobody signed
//! them yet. What entries say is not looked at here.

use isthmus_core::id::hexadecimal;
use isthmus_core::ledger::{LeafHash, leaf_hash};
use isthmus_core::ledger_rows::{LedgerRow, LedgerRows, LedgerUnreadable};
use serde::{Serialize, Serializer};

use crate::checkpoint::{NoteError, TreeHead, opened};
use crate::merkle::Frontier;
use crate::verifying_key::VerifyingKey;

/// After how many entries progress is told.
const PROGRESS: u64 = 8192;
/// What every entry's line begins with.
const BEGINNING: &str = "{\"entry\":";

/// What was done to a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// An entry and the hash that was kept beside it do not agree.
    Flipped,
    /// Entries were taken out between others.
    Dropped,
    /// An entry stands at another place than its own.
    Reordered,
    /// The last entries were taken away.
    Truncated,
    /// Entries were changed together with their hashes.
    Rewritten,
    /// A checkpoint is not what the key of the ledger signed.
    Resigned,
    /// Checkpoints that there were at an earlier export are gone; the entries are all there.
    Unsigned,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was done.
    pub fault: Fault,
    /// The place of the first entry that it may concern, counted from 0.
    pub first: u64,
    /// The place of the last one; the same when the entry is known.
    pub last: u64,
    /// The same in words. Nothing of what entries say.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many entries stand at their places with their hashes: all, or those before the first
    /// that does not.
    pub entries: u64,
    /// How many checkpoints are right.
    pub checkpoints: u64,
    /// How many entries the largest of them covers.
    pub signed: u64,
    /// What is wrong; None when the ledger is whole.
    pub first_bad: Option<Finding>,
    /// The root of the tree over `entries`.
    #[serde(serialize_with = "as_hexadecimal")]
    pub root: LeafHash,
}

fn as_hexadecimal<S: Serializer>(root: &LeafHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hexadecimal(root))
}

/// Checks every entry and every checkpoint, up to the first finding. `against` is a checkpoint that
/// was exported earlier, opened with the same key: only it shows when entries and checkpoints were
/// taken away together. `progress` is told now and then how many entries were read.
///
/// It may run while the ledger grows.
///
/// # Errors
/// When the rows cannot be read.
pub fn verify(
    rows: &dyn LedgerRows,
    key: &VerifyingKey,
    against: Option<&TreeHead>,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, LedgerUnreadable> {
    // Read before the entries, which are then at least as many as the checkpoints cover.
    let mut pass = Pass::new(statements(rows, key, against)?);
    pass.compare();
    if pass.finding.is_none() {
        rows.for_each(&mut |row| {
            let goes_on = pass.read(&row);
            if pass.tree.size().is_multiple_of(PROGRESS) {
                progress(pass.tree.size());
            }
            goes_on
        })?;
    }
    progress(pass.tree.size());
    pass.end(against);
    Ok(Report {
        entries: pass.tree.size(),
        checkpoints: pass.checkpoints,
        signed: pass.signed,
        first_bad: pass.finding,
        root: pass.tree.root(),
    })
}

/// What somebody states about the tree at one size.
struct Statement {
    size: u64,
    root: Result<LeafHash, NoteError>,
    source: Source,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Checkpoint,
    Export,
}

impl Source {
    const fn words(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Export => "exported checkpoint",
        }
    }
}

/// All statements in order of size.
fn statements(
    rows: &dyn LedgerRows,
    key: &VerifyingKey,
    against: Option<&TreeHead>,
) -> Result<Vec<Statement>, LedgerUnreadable> {
    let checkpoints = rows.checkpoints()?.into_iter().map(|row| Statement {
        size: row.size,
        root: opened(&row, key).map(|head| head.root),
        source: Source::Checkpoint,
    });
    let export = against.map(|head| Statement {
        size: head.size,
        root: Ok(head.root),
        source: Source::Export,
    });
    let mut statements: Vec<Statement> = checkpoints.chain(export).collect();
    statements.sort_by_key(|statement| statement.size);
    Ok(statements)
}

/// The pass over the entries.
struct Pass {
    tree: Frontier,
    statements: std::iter::Peekable<std::vec::IntoIter<Statement>>,
    checkpoints: u64,
    signed: u64,
    /// How many entries are known to be those that were signed or exported.
    agreed: u64,
    finding: Option<Finding>,
}

impl Pass {
    fn new(statements: Vec<Statement>) -> Self {
        Self {
            tree: Frontier::default(),
            statements: statements.into_iter().peekable(),
            checkpoints: 0,
            signed: 0,
            agreed: 0,
            finding: None,
        }
    }

    /// Takes the next entry in; false when there is a finding.
    fn read(&mut self, row: &LedgerRow) -> bool {
        self.finding = misplaced(self.tree.size(), row).or_else(|| damaged(row));
        if self.finding.is_none() {
            self.tree.append(row.leaf);
            self.compare();
        }
        self.finding.is_none()
    }

    /// Holds the tree against what is stated about its present size.
    fn compare(&mut self) {
        let size = self.tree.size();
        while self.finding.is_none()
            && let Some(statement) = self.statements.next_if(|next| next.size <= size)
        {
            match statement.root {
                Err(why) => self.finding = Some(self.resigned(&statement, why)),
                Ok(root) if root != self.tree.root() => {
                    self.finding = Some(self.rewritten(&statement));
                }
                Ok(_same) => {
                    self.agreed = size;
                    if statement.source == Source::Checkpoint {
                        self.checkpoints += 1;
                        self.signed = size;
                    }
                }
            }
        }
    }

    /// Looks at what is stated about more entries than there are.
    fn end(&mut self, against: Option<&TreeHead>) {
        if self.finding.is_some() {
            return;
        }
        let beyond: Vec<Statement> = self.statements.by_ref().collect();
        let size = self.tree.size();
        let largest = beyond.iter().rfind(|statement| statement.root.is_ok());
        self.finding = if let Some(statement) = largest {
            let (covered, source) = (statement.size, statement.source.words());
            let text = format!("there are {size} entries, and a {source} covers {covered}");
            Some(found(Fault::Truncated, size, covered - 1, text))
        } else if let Some(forged) = beyond.first() {
            let why = forged.root.err().unwrap_or(NoteError::Forged);
            Some(self.resigned(forged, why))
        } else {
            let export = against.filter(|export| export.size > self.signed);
            export.map(|export| self.unsigned(export))
        };
    }

    fn resigned(&self, statement: &Statement, why: NoteError) -> Finding {
        let (size, source) = (statement.size, statement.source.words());
        let text = format!("the {source} over {size} entries is not the ledger's: {why}");
        let last = size.saturating_sub(1);
        found(Fault::Resigned, self.agreed.min(last), last, text)
    }

    fn rewritten(&self, statement: &Statement) -> Finding {
        let (size, source) = (statement.size, statement.source.words());
        let agreed = match self.agreed {
            0 => String::new(),
            agreed => format!("; the first {agreed} of them are"),
        };
        let text =
            format!("the first {size} entries are not those that a {source} was for{agreed}");
        let last = size.saturating_sub(1);
        found(Fault::Rewritten, self.agreed.min(last), last, text)
    }

    fn unsigned(&self, export: &TreeHead) -> Finding {
        let (signed, size) = (self.signed, export.size);
        let text = format!(
            "the checkpoints cover {signed} entries, and covered {size} when one was exported"
        );
        found(Fault::Unsigned, signed, size - 1, text)
    }
}

/// What is wrong with the place of a row, when another was due.
fn misplaced(due: u64, row: &LedgerRow) -> Option<Finding> {
    let place = row.place;
    if place > due {
        let last = place - 1;
        let text = if due == last {
            format!("entry {due} is missing")
        } else {
            format!("entries {due} to {last} are missing")
        };
        return Some(found(Fault::Dropped, due, last, text));
    }
    if place < due {
        let text = format!("entry {place} comes again");
        return Some(found(Fault::Reordered, place, place, text));
    }
    let own = own_place(&row.line)?;
    if own == place || is_renumbered(row) {
        return None;
    }
    let text = format!("at place {place} stands entry {own}");
    Some(found(Fault::Reordered, place, place, text))
}

/// Whether a row is damaged.
fn damaged(row: &LedgerRow) -> Option<Finding> {
    let place = row.place;
    let is_whole = own_place(&row.line) == Some(place) && leaf_hash(&row.line) == row.leaf;
    let text = || format!("entry {place} and the hash kept beside it do not agree");
    (!is_whole).then(|| found(Fault::Flipped, place, place, text()))
}

/// Whether a line is that of its place but for the number: then this was changed, and the line is
/// no other entry's.
fn is_renumbered(row: &LedgerRow) -> bool {
    let rest = row.line.split_once(',').map_or("", |(_number, rest)| rest);
    leaf_hash(&format!("{BEGINNING}{},{rest}", row.place)) == row.leaf
}

/// The place that a line says it has. The number stands at the same place in each, so the line is
/// not read as JSON.
fn own_place(line: &str) -> Option<u64> {
    let (number, _rest) = line.strip_prefix(BEGINNING)?.split_once(',')?;
    number.parse().ok()
}

fn found(fault: Fault, first: u64, last: u64, text: String) -> Finding {
    Finding {
        fault,
        first,
        last,
        text,
    }
}
