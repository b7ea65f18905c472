//! All schemas of a mappings folder: the kinds of records, and the event in which they travel.
//! What one schema says is read in `schema`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;

use crate::codes;
use crate::loader::{Files, LoadError, TextFile};
use crate::records::schema::{RecordSchema, SchemaError};

/// The schema that is of no kind of record: the event that carries one.
pub const EVENT: &str = "event";

/// The schemas of a folder, by name.
#[derive(Debug, Clone, Default)]
pub struct RecordSchemas {
    schemas: BTreeMap<String, RecordSchema>,
    broken: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl RecordSchemas {
    /// Reads the schemas of a mappings folder.
    ///
    /// # Errors
    /// When the folder cannot be read. What is wrong in files is in [`Self::diagnostics`].
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        Ok(Self::of(&Files::read(folder)?.schemas))
    }

    /// The same of files that were read before.
    pub fn of(files: &[TextFile]) -> Self {
        let mut all = Self::default();
        for file in files {
            let Some(name) = name_of(&file.path) else {
                continue;
            };
            match schema(name, file) {
                Ok(schema) => drop(all.schemas.insert(name.to_owned(), schema)),
                Err(fault) => {
                    all.broken.insert(name.to_owned());
                    all.diagnostics.push(*fault);
                }
            }
        }
        all
    }

    /// What is wrong with the files.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// All schemas by name, the event's among them.
    pub fn all(&self) -> impl Iterator<Item = &RecordSchema> {
        self.schemas.values()
    }

    /// The schemas of kinds of records, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &RecordSchema> {
        self.all().filter(|schema| schema.name() != EVENT)
    }

    /// The schema of this name.
    pub fn get(&self, name: &str) -> Option<&RecordSchema> {
        self.schemas.get(name)
    }

    /// The schema of this kind of record.
    pub fn kind(&self, name: &str) -> Option<&RecordSchema> {
        self.get(name).filter(|_| name != EVENT)
    }

    /// Whether there is a file for this kind of record, readable or not.
    pub fn has_kind(&self, name: &str) -> bool {
        self.kind(name).is_some() || self.broken.contains(name)
    }
}

/// `person` of `records/person.schema.json`.
fn name_of(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.strip_suffix(".schema.json")
}

fn schema(name: &str, file: &TextFile) -> Result<RecordSchema, Box<Diagnostic>> {
    let text = file.text.as_deref().unwrap_or_default();
    let source = SourceFile::new(file.path.clone(), text);
    let fault =
        |span, code, message: String| Box::new(Diagnostic::error(&source, span, code, message));
    if let Err(reason) = &file.text {
        let message = format!("cannot be read: {reason}");
        return Err(fault(Span::default(), codes::UNREAD_FILE, message));
    }
    RecordSchema::read(name, text).map_err(|error| match error {
        SchemaError::Json(error) => {
            let at = offset(text, error.line, error.column);
            let message = format!("this is no JSON: {}", error.code);
            fault(Span::new(at, at + 1), codes::SCHEMA_FILE, message)
        }
        SchemaError::Lacks(message) => fault(Span::default(), codes::SCHEMA_FILE, message),
    })
}

/// The byte at which a line and column, both from 1, stand.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = line.saturating_sub(1);
    let lines: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let rest = text.get(lines..).unwrap_or_default().chars();
    let letters: usize = rest
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum();
    lines + letters
}
