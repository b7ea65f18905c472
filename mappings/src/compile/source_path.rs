//! A path that is read, checked: its plan, what it reads, and what kind of value stands there.
//! HL7 paths are checked in `segment_path`, FHIR paths in `element_path`.

use crate::ast::From;
use crate::compile::compiler::Compiler;
use crate::compile::scope::Scope;
use crate::compile::trace::{ReadPath, SourceRead};
use crate::functions::call::Kind;
use crate::plan_path::PathPlan;
use crate::reads::Purpose;
use crate::span::Word;

/// A checked path.
#[derive(Debug, Clone)]
pub struct SourcePath {
    /// How it is read.
    pub plan: PathPlan,
    /// What it reads, as written.
    pub read: ReadPath,
    /// What it reads when its value is taken: the first leaf of a composite.
    pub leaf: ReadPath,
    /// What its brackets compare.
    pub keys: Vec<SourceRead>,
    /// The HL7 datatype, when there is one.
    pub datatype: Option<&'static str>,
    /// What kind of value it gives.
    pub kind: Kind,
    /// Whether it has no value of its own: a segment, or a FHIR element with members.
    pub complex: bool,
    /// Whether it may give several values though no bracket says so.
    pub repeats: bool,
}

impl SourcePath {
    /// Its reads when its value is written.
    pub fn value_reads(&self) -> Vec<SourceRead> {
        self.reads_as(self.leaf.clone(), Purpose::Value)
    }

    /// Its reads when it decides something.
    pub fn control_reads(&self) -> Vec<SourceRead> {
        self.reads_as(self.leaf.clone(), Purpose::Control)
    }

    /// Its reads when only its presence or number decides something.
    pub fn presence_reads(&self) -> Vec<SourceRead> {
        self.reads_as(self.read.clone(), Purpose::Control)
    }

    fn reads_as(&self, path: ReadPath, purpose: Purpose) -> Vec<SourceRead> {
        let mut reads = vec![SourceRead { path, purpose }];
        reads.extend(self.keys.iter().cloned());
        reads
    }
}

impl Compiler<'_> {
    /// Checks a path where it stands; complains and gives none when it is wrong.
    pub fn path(&mut self, word: &Word, scope: &Scope) -> Option<SourcePath> {
        if self.reads_fhir() {
            self.element_path(word, scope)
        } else {
            self.segment_path(word, scope)
        }
    }

    /// Whether the file being read is of a map that reads FHIR.
    pub fn reads_fhir(&self) -> bool {
        let from = self.current().and_then(|unit| unit.map.from.as_ref());
        matches!(from.map(|from| &from.value), Some(From::Fhir { .. }))
    }
}
