//! What a map reads and what its targets are made of, exact, with the place of each read.
//! Whether a read is allowed is decided in the privacy gate.

use isthmus_fhir::path::syntax::ElementPath;

use crate::problem::RowPlace;

/// Why a path is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Its value is written.
    Value,
    /// It decides whether or how often something is written: `when`, `choose`, `per`.
    Control,
    /// It is compared in a bracket of another path.
    Key,
}

/// One path that a map reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRead {
    /// The path, canonical: `PID-3.4.1`, or `Patient.name[use=official].family`.
    pub path: String,
    /// The same for a map that reads FHIR, rooted at the resource type.
    pub element: Option<ElementPath>,
    /// Why.
    pub purpose: Purpose,
    /// The row that reads it.
    pub place: RowPlace,
}

/// One target path and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapLineage {
    /// The target: `Patient.birthDate`, or a record's dotted path.
    pub target: String,
    /// What its value comes from.
    pub sources: Vec<MapRead>,
    /// The functions its value passes, as written.
    pub functions: Vec<String>,
    /// What decides whether it is written.
    pub conditions: Vec<MapRead>,
    /// The row.
    pub place: RowPlace,
}

/// All reads and writes of a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Every path read, each once for a place and purpose.
    pub reads: Vec<MapRead>,
    /// Every target path, in the order of the rows.
    pub lineage: Vec<MapLineage>,
    /// The categories of `consent("...")`, each once.
    pub consents: Vec<String>,
}

impl Trace {
    pub(crate) fn note(&mut self, read: MapRead) {
        if !self.reads.contains(&read) {
            self.reads.push(read);
        }
    }
}
