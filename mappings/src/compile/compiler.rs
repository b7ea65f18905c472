//! The state of compiling one map: its files, the plan so far, reads and diagnostics.
//! What is done with it stands in the other files of this folder, a part each.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use isthmus_core::diagnostic::Code;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::ast::{Literal, MapFile};
use crate::codes;
use crate::compile::trace::{SourceRead, SourceTrace};
use crate::plan::{Plan, PlannedRow};
use crate::problem::RowPlace;
use crate::records::schemas::RecordSchemas;
use crate::span::Word;
use crate::table::{Table, TableRows};

/// A parsed file.
#[derive(Debug)]
pub struct Unit {
    /// The text.
    pub file: SourceFile,
    /// The tree.
    pub map: MapFile,
    /// The files it uses, by their place in the library; those that were not found are left out.
    pub uses: Vec<usize>,
}

/// What a map is compiled against.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'l> {
    /// All files.
    pub units: &'l [Unit],
    /// All table files that could be read, by path; the others with the reason.
    pub tables: &'l HashMap<String, Result<TableRows, String>>,
    /// The schemas of records.
    pub schemas: &'l RecordSchemas,
    /// The names of the keys there are; none when that is not known yet.
    pub keys: Option<&'l [String]>,
}

/// What is known of a compiled type beside its plan.
#[derive(Debug, Clone, Default)]
pub struct TypeFacts {
    /// Its reads and lineage, relative to the value.
    pub trace: SourceTrace,
    /// The single elements it writes, as canonical paths.
    pub writes: Vec<String>,
}

/// The state of a type that rows cast to.
#[derive(Debug, Clone, Copy)]
pub enum TypeState {
    /// Being compiled: to cast to it now would be a circle.
    Open,
    /// At this place of the plan.
    Done(usize),
}

/// A resource block that rows may refer to.
#[derive(Debug, Clone)]
pub struct NamedBlock {
    /// Its `as` name.
    pub alias: Option<String>,
    /// Its resource type.
    pub resource: String,
    /// Whether an `id` row makes it referable.
    pub has_id: bool,
}

/// The state of compiling one map.
#[derive(Debug)]
pub struct Compiler<'l> {
    /// What it is compiled against.
    pub sources: Sources<'l>,
    /// The file being read now: the map's, or a library's while one of its types is compiled.
    pub unit: usize,
    /// The plan so far.
    pub plan: Plan,
    /// Reads and lineage so far.
    pub trace: SourceTrace,
    /// Complaints about the map's own file.
    pub diagnostics: Vec<Diagnostic>,
    /// Above 0 while another file's type is compiled, whose complaints belong to that file.
    pub quiet: usize,
    /// Compiled types by file and block.
    pub types: HashMap<(usize, usize), TypeState>,
    /// What is known of each type of the plan.
    pub type_facts: Vec<TypeFacts>,
    /// The resource blocks, in order.
    pub blocks: Vec<NamedBlock>,
    /// How many `choose`s there are.
    pub chooses: usize,
    names: HashMap<usize, Arc<str>>,
    tables: HashMap<(usize, String), usize>,
}

impl<'l> Compiler<'l> {
    /// For the file at this place of the sources.
    pub fn new(sources: Sources<'l>, unit: usize) -> Self {
        Self {
            sources,
            unit,
            plan: Plan::default(),
            trace: SourceTrace::default(),
            diagnostics: Vec::new(),
            quiet: 0,
            types: HashMap::new(),
            type_facts: Vec::new(),
            blocks: Vec::new(),
            chooses: 0,
            names: HashMap::new(),
            tables: HashMap::new(),
        }
    }

    /// The file being read now.
    pub fn current(&self) -> Option<&'l Unit> {
        self.sources.units.get(self.unit)
    }

    /// Complains.
    pub fn fault(&mut self, span: Span, code: Code, message: impl Into<String>) {
        self.complain(span, code, message.into(), None);
    }

    /// Complains, with how to mend it.
    pub fn fault_with(
        &mut self,
        span: Span,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.complain(span, code, message.into(), Some(help.into()));
    }

    /// Warns.
    pub fn warn(&mut self, span: Span, code: Code, message: &str, help: &str) {
        let before = self.diagnostics.len();
        self.complain(span, code, message.to_owned(), Some(help.to_owned()));
        for one in self.diagnostics.iter_mut().skip(before) {
            *one = one.clone().as_warning();
        }
    }

    fn complain(&mut self, span: Span, code: Code, message: String, help: Option<String>) {
        let Some(unit) = self.current().filter(|_| self.quiet == 0) else {
            return;
        };
        let mut fault = Diagnostic::error(&unit.file, span, code, message);
        fault.help = help;
        self.diagnostics.push(fault);
    }

    /// The place of a row, for problems and reports.
    pub fn row_place(&mut self, span: Span) -> RowPlace {
        let Some(unit) = self.current() else {
            return RowPlace {
                file: Arc::from(""),
                line: 0,
                column: 0,
            };
        };
        let name = self
            .names
            .entry(self.unit)
            .or_insert_with(|| Arc::from(unit.file.path()));
        let place = unit.file.line_span(span);
        RowPlace {
            file: Arc::clone(name),
            line: place.line,
            column: place.column,
        }
    }

    /// Adds a row to the plan's list of rows and gives its number.
    pub fn row_number(&mut self, span: Span) -> usize {
        self.number(span, true)
    }

    /// Adds the first line of a block to the same list.
    pub fn block_number(&mut self, span: Span) -> usize {
        self.number(span, false)
    }

    fn number(&mut self, span: Span, is_row: bool) -> usize {
        let place = self.row_place(span);
        self.plan.rows.push(PlannedRow { place, is_row });
        self.plan.rows.len() - 1
    }

    /// Notes what a row reads.
    pub fn note_reads(&mut self, reads: &[SourceRead], span: Span) {
        let place = self.row_place(span);
        self.trace
            .reads
            .extend(reads.iter().map(|read| (read.clone(), place.clone())));
    }

    /// The place of a segment in the plan.
    pub fn slot(&mut self, name: SegmentName) -> usize {
        let known = self
            .plan
            .segments
            .iter()
            .position(|segment| *segment == name);
        known.unwrap_or_else(|| {
            self.plan.segments.push(name);
            self.plan.segments.len() - 1
        })
    }

    /// The table of this name in the file being read.
    pub fn table(&mut self, name: &str, span: Span) -> Option<usize> {
        let key = (self.unit, name.to_owned());
        if let Some(known) = self.tables.get(&key) {
            return Some(*known);
        }
        let unit = self.current()?;
        let Some(header) = unit
            .map
            .tables
            .iter()
            .find(|table| table.name.value == name)
        else {
            let message = format!("no table is called `{name}`");
            let help = "declare it: table NAME = FILE unmapped error";
            self.fault_with(span, codes::TABLE, message, help);
            return None;
        };
        let rows = self.sources.tables.get(&header.file.value)?.as_ref().ok()?;
        let table = Table::new(name.to_owned(), rows.clone(), header.unmapped.clone());
        self.plan.tables.push(table);
        let at = self.plan.tables.len() - 1;
        self.tables.insert(key, at);
        Some(at)
    }

    /// The value of a constant of the file being read.
    pub fn constant(&self, name: &str) -> Option<&'l Literal> {
        let constants = &self.current()?.map.constants;
        constants
            .iter()
            .find(|(known, _)| known.value == name)
            .map(|(_, literal)| &literal.value)
    }

    /// A path with its `$name`s replaced by the constants' texts in quotes; complains about names
    /// that there are not. None when a name is unknown.
    pub fn with_constants(&mut self, word: &Word) -> Option<String> {
        if !word.value.contains('$') {
            return Some(word.value.clone());
        }
        let mut text = String::new();
        let mut quoted = false;
        let mut rest = word.value.chars().peekable();
        while let Some(letter) = rest.next() {
            quoted ^= letter == '"';
            if letter != '$' || quoted {
                text.push(letter);
                continue;
            }
            let mut name = String::new();
            while let Some(part) = rest.next_if(|c| c.is_alphanumeric() || "-_".contains(*c)) {
                name.push(part);
            }
            let Some(Literal::Text(value)) = self.constant(&name) else {
                let message = format!("no text constant is called `{name}`");
                let help = format!("declare it: const {name} = \"...\"");
                self.fault_with(word.span, codes::CONSTANT, message, help);
                return None;
            };
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = write!(text, "\"{escaped}\"");
        }
        Some(text)
    }

    /// The place of an error inside a path; the whole path when constants were put in.
    pub fn inside(word: &Word, text: &str, start: usize, end: usize) -> Span {
        if word.value == text {
            word.span.part(start, end.max(start + 1))
        } else {
            word.span
        }
    }
}
