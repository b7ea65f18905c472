//! The machine form of a diagnostic, for `--json`; the form for people is the diagnostic's own.

use isthmus_core::diagnostic::Diagnostic;
use serde::Serialize;

/// One complaint about a file.
#[derive(Debug, Serialize)]
pub(crate) struct DiagnosticJson<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
    end_column: u32,
    help: Option<&'a str>,
    note: Option<&'a str>,
}

impl<'a> DiagnosticJson<'a> {
    /// The machine form of this diagnostic.
    pub(crate) fn new(diagnostic: &'a Diagnostic) -> Self {
        Self {
            code: diagnostic.code.text(),
            severity: diagnostic.severity.text(),
            message: &diagnostic.message,
            file: &diagnostic.file,
            line: diagnostic.line,
            column: diagnostic.column,
            end_column: diagnostic.end_column,
            help: diagnostic.help.as_deref(),
            note: diagnostic.note.as_deref(),
        }
    }
}
