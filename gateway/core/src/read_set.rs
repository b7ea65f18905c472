//! The read set and lineage of a map, which the gate holds against a policy; how they are found
//! is the row language's business.

use std::fmt;

use isthmus_fhir::path::syntax::ElementPath;

/// A place in a configuration file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, relative to the folder that was loaded.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One element that a map reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The element, rooted at its resource type.
    pub path: ElementPath,
    /// Where the map reads it.
    pub place: Place,
    /// Whether it is read to decide something (a `when`, a key, a `per`), not to be written.
    /// That discloses too.
    pub control: bool,
}

/// One field of a record and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The field of the record, dotted.
    pub target: String,
    /// The elements its value comes from.
    pub sources: Vec<ElementPath>,
    /// The functions that the value passes, in order, as the map writes them.
    pub functions: Vec<String>,
    /// The row.
    pub place: Place,
}

/// All that a map reads, and what each field of its record is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// The kind of record that it makes, such as `person`.
    pub record: String,
    /// Every element read, exact.
    pub reads: Vec<Read>,
    /// Every field written, in the map's order.
    pub lineage: Vec<Lineage>,
    /// The consent categories that the map asks for.
    pub consents: Vec<String>,
}
