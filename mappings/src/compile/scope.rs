//! What a row may refer to where it stands: the element it writes into, the value it is about, the
//! aliases, and what the rows before it wrote.

use std::collections::HashMap;

use isthmus_core::span::Span;
use isthmus_fhir::path::syntax::{ElementPath, Step};

use crate::ast::Condition;
use crate::compile::trace::{ReadPath, SourceRead};
use crate::compile::writes::{Branch, Write};
use crate::plan_path::ElementStart;

/// What rows write into.
#[derive(Debug, Clone)]
pub enum Target {
    /// A FHIR type or resource and the steps below it.
    Fhir {
        /// The type.
        root: &'static str,
        /// The steps below it.
        steps: Vec<Step>,
    },
    /// A record.
    Record,
}

/// The value that a type or a `per` is about.
#[derive(Debug, Clone)]
pub struct Current {
    /// Its datatype, when it is one of HL7's.
    pub datatype: Option<&'static str>,
    /// Where it is read from.
    pub base: ReadPath,
}

/// A name that FHIR paths may start with.
#[derive(Debug, Clone)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Where the path starts at run time.
    pub start: ElementStart,
    /// What it stands for, rooted at the resource type.
    pub path: ElementPath,
}

/// Where rows stand.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What they write into.
    pub target: Target,
    /// What they are about.
    pub current: Option<Current>,
    /// The aliases of a FHIR map.
    pub aliases: Vec<Alias>,
    /// What decides about the whole block.
    pub conditions: Vec<SourceRead>,
    /// The path of the block's element from the resource on, for reports.
    pub label: String,
    /// What rows have written.
    pub writes: Vec<Write>,
    /// Where in `choose`s the rows stand.
    pub branch: Branch,
    /// Places that indexed rows share, by path.
    pub slots: HashMap<String, usize>,
    /// The last index written of each array.
    pub indices: HashMap<String, u32>,
}

impl Scope {
    /// A scope of a new block.
    pub fn new(target: Target, label: impl Into<String>) -> Self {
        Self {
            target,
            current: None,
            aliases: Vec::new(),
            conditions: Vec::new(),
            label: label.into(),
            writes: Vec::new(),
            branch: Branch::new(),
            slots: HashMap::new(),
            indices: HashMap::new(),
        }
    }

    /// The scope of a block inside this one, writing into another element.
    #[must_use]
    pub fn inner(&self, target: Target, label: String) -> Self {
        Self {
            current: self.current.clone(),
            aliases: self.aliases.clone(),
            conditions: self.conditions.clone(),
            ..Self::new(target, label)
        }
    }

    /// The path of an element of this block, for reports.
    pub fn labelled(&self, path: &str) -> String {
        if self.label.is_empty() {
            path.to_owned()
        } else {
            format!("{}.{path}", self.label)
        }
    }

    /// Notes that a row writes an element; gives the place of a row that does so already.
    pub fn write(&mut self, path: String, when: Option<Condition>, span: Span) -> Option<Span> {
        let write = Write {
            path,
            branch: self.branch.clone(),
            when,
            span,
        };
        let before = self
            .writes
            .iter()
            .find(|known| known.clashes(&write))
            .map(|known| known.span);
        self.writes.push(write);
        before
    }
}
