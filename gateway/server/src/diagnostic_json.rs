//! The machine form of a diagnostic, for `--json` and the admin socket; the form for people is the
//! diagnostic's own, and goes along.

use isthmus_core::diagnostic::{Diagnostic, Renderer};
use serde::{Deserialize, Serialize};

/// One complaint about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DiagnosticJson {
    pub(crate) code: String,
    pub(crate) severity: String,
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    end_column: u32,
    help: Option<String>,
    note: Option<String>,
    /// As people are shown it, without colours.
    pub(crate) rendered: String,
}

impl DiagnosticJson {
    /// The machine form of this diagnostic.
    pub(crate) fn new(diagnostic: &Diagnostic) -> Self {
        let plain = Renderer { colour: false };
        Self {
            code: diagnostic.code.text().to_owned(),
            severity: diagnostic.severity.text().to_owned(),
            message: diagnostic.message.clone(),
            file: diagnostic.file.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            end_column: diagnostic.end_column,
            help: diagnostic.help.clone(),
            note: diagnostic.note.clone(),
            rendered: plain.render(diagnostic).trim_end().to_owned(),
        }
    }

    /// Whether the file does not load because of it.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == "error"
    }
}
