//! What people and programs see on the terminal: text, tables, JSON and errors; commands say what,
//! this says how.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use isthmus_core::diagnostic::{Diagnostic, Renderer};
use serde::Serialize;

use crate::failure::Failure;

/// Where a command's words go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Text for people, or JSON for programs.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads along.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether progress may be drawn: a person watches, and no program reads along.
    pub(crate) fn draws_progress(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Whether a table may be drawn over itself: a person watches standard output.
    pub(crate) fn draws_table(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// How many characters a line may have: the terminal's, where there is one.
    pub(crate) fn width() -> usize {
        usize::from(width())
    }

    /// A line for people; nothing when a program reads.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        if !self.json {
            write_out(text.as_ref());
        }
    }

    /// A sentence or list for people, broken between words at the terminal's width.
    pub(crate) fn paragraph(self, text: &str) {
        let width = usize::from(width());
        let mut line = String::new();
        for word in text.split(' ') {
            let length = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && length > width {
                self.line(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(line);
    }

    /// A list for people behind its head, broken between words and indented below the head;
    /// nothing when it is empty.
    pub(crate) fn hanging(self, head: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let width = usize::from(width());
        let indent = " ".repeat(head.chars().count());
        let mut line = head.to_owned();
        for word in text.split(' ') {
            if line.chars().count() + word.chars().count() > width && line.trim() != head.trim() {
                self.line(line.trim_end());
                line.clone_from(&indent);
            }
            line.push_str(word);
            line.push(' ');
        }
        self.line(line.trim_end());
    }

    /// A table for people, as wide as the terminal at most, below an empty line.
    pub(crate) fn table(self, head: &[&str], rows: Vec<Vec<String>>) {
        if self.json || rows.is_empty() {
            return;
        }
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width())
            .set_header(head);
        table.add_rows(rows);
        write_out("");
        for line in table.lines() {
            write_out(line.trim_end());
        }
    }

    /// A document for programs; nothing when a person reads.
    pub(crate) fn document(self, document: &impl Serialize) {
        if self.json {
            match serde_json::to_string(document) {
                Ok(text) => write_out(&text),
                Err(error) => complain(&format!("error: the result cannot be written: {error}")),
            }
        }
    }

    /// Text as it is, whoever reads.
    pub(crate) fn raw(bytes: &[u8]) {
        let mut out = io::stdout().lock();
        // Whoever closed the pipe does not want the rest.
        drop(out.write_all(bytes).and_then(|()| out.flush()));
    }

    /// A warning about what was shown.
    pub(crate) fn warning(self, text: &str) {
        if self.json {
            return;
        }
        complain(&format!("warning: {text}"));
    }

    /// Errors and warnings of configuration, maps and policies.
    pub(crate) fn diagnostics<'d>(self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) {
        let colour = anstream::stderr().is_terminal();
        for diagnostic in diagnostics {
            if self.json {
                self.document(&crate::diagnostic_json::DiagnosticJson::new(diagnostic));
            } else {
                complain(Renderer { colour }.render(diagnostic).trim_end());
            }
        }
    }

    /// Errors and warnings that were made ready elsewhere; nothing when a program reads.
    pub(crate) fn rendered<'r>(self, rendered: impl Iterator<Item = &'r str>) {
        if !self.json {
            rendered.for_each(complain);
        }
    }

    /// An error that does not end the command; nothing when a program reads.
    pub(crate) fn error(self, text: &str) {
        if !self.json {
            complain(&format!("error: {text}"));
        }
    }

    /// How a command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        if let Failure::Configuration(diagnostics) = failure {
            // Many warnings would hide the error; programs get all.
            let shown = diagnostics.iter().filter(|one| self.json || one.is_error());
            self.diagnostics(shown);
        }
        if matches!(failure, Failure::Findings | Failure::Told(_)) {
            return;
        }
        if self.json {
            let error = failure.to_string();
            self.document(&serde_json::json!({ "error": error, "exit_code": failure.exit_code() }));
        } else {
            complain(&format!("error: {failure}"));
        }
    }
}

/// The terminal's width, between 60 and 120 columns; 100 where there is no terminal.
fn width() -> u16 {
    let terminal = console::Term::stdout().size_checked();
    terminal
        .map_or(100, |(_rows, columns)| columns)
        .clamp(60, 120)
}

fn write_out(text: &str) {
    let mut out = anstream::stdout().lock();
    drop(writeln!(out, "{text}"));
}

fn complain(text: &str) {
    let mut out = anstream::stderr().lock();
    drop(writeln!(out, "{text}"));
}
