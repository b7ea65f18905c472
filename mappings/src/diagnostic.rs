//! What is wrong with a map: code, place, words, and the way it is shown to people and machines.
//! Problems with a message, as opposed to a map, live in `problem`.

use std::fmt::Write as _;

use crate::codes::Code;
use crate::source_file::SourceFile;
use crate::span::{Place, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The map does not load.
    Error,
    /// The map loads; somebody should look.
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

/// One complaint about a map file; also its machine form (all fields are plain).
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
    /// Line and columns.
    pub place: Place,
    /// The text of that line.
    pub line_text: String,
    /// How to mend it, or the nearest valid name.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a span of a file.
    pub fn error(file: &SourceFile, span: Span, code: Code, message: impl Into<String>) -> Self {
        let place = file.place(span);
        let line = usize::try_from(place.line).unwrap_or(1);
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: file.path().to_owned(),
            place,
            line_text: file.line(line).to_owned(),
            help: None,
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

    /// True when the map does not load because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
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
        let Diagnostic {
            code,
            severity,
            message,
            file,
            place,
            line_text,
            help,
        } = diagnostic;
        let paint = match severity {
            Severity::Error => "\u{1b}[1;31m",
            Severity::Warning => "\u{1b}[1;33m",
        };
        let (on, off) = if self.colour {
            (paint, "\u{1b}[0m")
        } else {
            ("", "")
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let mut text = String::new();
        let _ = writeln!(text, "{on}{}[{code}]{off}: {message}", severity.text());
        let _ = writeln!(text, "{margin}--> {file}:{}:{}", place.line, place.column);
        let _ = writeln!(text, "{number} | {line_text}");
        let before = usize::try_from(place.column.saturating_sub(1)).unwrap_or(0);
        let width = usize::try_from(place.end_column.saturating_sub(place.column)).unwrap_or(1);
        let (gap, carets) = (" ".repeat(before), "^".repeat(width.max(1)));
        let _ = writeln!(text, "{margin} | {gap}{on}{carets}{off}");
        if let Some(help) = help {
            let _ = writeln!(text, "{margin} = help: {help}");
        }
        text
    }

    /// All diagnostics, one after the other with an empty line between.
    pub fn render_all(self, diagnostics: &[Diagnostic]) -> String {
        let texts: Vec<String> = diagnostics.iter().map(|one| self.render(one)).collect();
        texts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn shows_the_line_with_carets() {
        let file = SourceFile::new("m.rmap", "map x 1\nresorce Patient\n");
        let one = Diagnostic::error(
            &file,
            Span::new(8, 15),
            codes::STATEMENT,
            "no such statement",
        )
        .with_help("did you mean `resource`?");
        let shown = Renderer { colour: false }.render(&one);
        assert_eq!(
            shown,
            "error[M105]: no such statement\n --> m.rmap:2:1\n2 | resorce Patient\n  | ^^^^^^^\n  \
             = help: did you mean `resource`?\n"
        );
    }
}
