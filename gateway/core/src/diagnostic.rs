//! What is wrong with a configuration file: code, place, words, and the way it is shown to people
//! and machines. Problems with a message, as opposed to a file, are refusals.

use std::fmt;

use crate::read_set::Place;
use crate::source_file::SourceFile;
use crate::span::Span;

/// A stable code such as `P101`: M for maps, P for policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code with this text.
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The code as text.
    pub const fn text(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A code and what it means, for people who ask.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// One paragraph: what happened, why it is refused, how to mend it.
    pub text: &'static str,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file does not load.
    Error,
    /// The file loads; somebody should look.
    Warning,
}

impl Severity {
    /// The word shown before the code.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One complaint about a configuration file; also its machine form, for every field is plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// The file as shown to people.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column of the first character, from 1, in characters.
    pub column: u32,
    /// The column one past the last character, on the same line.
    pub end_column: u32,
    /// The text of that line; empty when the text is not at hand, then no caret is shown.
    pub line_text: String,
    /// How to mend it, or the nearest valid name.
    pub help: Option<String>,
    /// A second place or fact that belongs to it.
    pub note: Option<String>,
}

impl Diagnostic {
    /// An error at a span of a file.
    pub fn error(file: &SourceFile, span: Span, code: Code, message: impl Into<String>) -> Self {
        let place = file.line_span(span);
        let line = usize::try_from(place.line).unwrap_or(1);
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: file.path().to_owned(),
            line: place.line,
            column: place.column,
            end_column: place.end_column,
            line_text: file.line(line).to_owned(),
            help: None,
            note: None,
        }
    }

    /// An error at a place of a file whose text is not at hand.
    pub fn error_at(place: &Place, code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: place.file.clone(),
            line: place.line,
            column: place.column,
            end_column: place.column,
            line_text: String::new(),
            help: None,
            note: None,
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place or fact.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// True when the file does not load because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What diagnostics are sorted by: the order in which a person meets them.
    pub fn order(&self) -> (&str, u32, u32, Code) {
        (&self.file, self.line, self.column, self.code)
    }
}

/// Shows diagnostics as text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Renderer {
    /// Whether to write ANSI colours.
    pub colour: bool,
}

impl Renderer {
    /// One diagnostic in several lines, ending with a line break.
    pub fn render(self, diagnostic: &Diagnostic) -> String {
        let paint = match diagnostic.severity {
            Severity::Error => "\u{1b}[1;31m",
            Severity::Warning => "\u{1b}[1;33m",
        };
        let (on, off) = if self.colour {
            (paint, "\u{1b}[0m")
        } else {
            ("", "")
        };
        let number = diagnostic.line.to_string();
        let margin = " ".repeat(number.len());
        let severity = diagnostic.severity.text();
        let mut lines = vec![
            format!(
                "{on}{severity}[{}]{off}: {}",
                diagnostic.code, diagnostic.message
            ),
            format!(
                "{margin}--> {}:{number}:{}",
                diagnostic.file, diagnostic.column
            ),
        ];
        if !diagnostic.line_text.is_empty() {
            let (gap, carets) = caret(diagnostic);
            lines.push(format!("{number} | {}", diagnostic.line_text));
            lines.push(format!("{margin} | {gap}{on}{carets}{off}"));
        }
        let help = diagnostic
            .help
            .iter()
            .map(|help| format!("{margin} = help: {help}"));
        let note = diagnostic
            .note
            .iter()
            .map(|note| format!("{margin} = note: {note}"));
        lines.extend(help.chain(note));
        lines.push(String::new());
        lines.join("\n")
    }

    /// All diagnostics, one after the other with an empty line between.
    pub fn render_all(self, diagnostics: &[Diagnostic]) -> String {
        let texts: Vec<String> = diagnostics.iter().map(|one| self.render(one)).collect();
        texts.join("\n")
    }
}

/// The space before the carets, with the line's tabs so that they stay in step, and the carets.
fn caret(diagnostic: &Diagnostic) -> (String, String) {
    let before = usize::try_from(diagnostic.column.saturating_sub(1)).unwrap_or(0);
    let width = diagnostic.end_column.saturating_sub(diagnostic.column);
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let before = diagnostic.line_text.chars().take(before);
    let gap = before.map(|letter| if letter == '\t' { '\t' } else { ' ' });
    (gap.collect(), "^".repeat(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_line_with_carets() {
        let file = SourceFile::new("m.rmap", "map x 1\nresorce Patient\n");
        let one = Diagnostic::error(&file, Span::new(8, 15), Code::new("M105"), "no such block")
            .with_help("did you mean `resource`?")
            .with_note("blocks are listed in the manual");
        let shown = Renderer { colour: false }.render(&one);
        assert_eq!(
            shown,
            "error[M105]: no such block\n --> m.rmap:2:1\n2 | resorce Patient\n  | ^^^^^^^\n  = \
             help: did you mean `resource`?\n  = note: blocks are listed in the manual\n"
        );
    }
}
