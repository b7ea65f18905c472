//! What goes wrong while a message is translated: code, row, place in the message, constant words.
//! Never a value of the message. What is wrong with a map itself is a `diagnostic`.

use std::fmt;
use std::sync::Arc;

use isthmus_core::diagnostic::Code;

/// A row of a map file, as problems and reports name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowPlace {
    /// The file, relative to the mappings folder.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for RowPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One problem with one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// The row that found it; none when it is the message as a whole.
    pub row: Option<RowPlace>,
    /// The place in the source, such as `PID-5[1].2`; none when there is no one place.
    pub location: Option<String>,
    /// Constant words: of this crate or of the map, never of the message.
    pub text: Arc<str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)?;
        if let Some(location) = &self.location {
            write!(f, ", at {location}")?;
        }
        match &self.row {
            Some(row) => write!(f, ", row {row}"),
            None => Ok(()),
        }
    }
}
