//! `Content`, what is written at one place of a message, and how it is written. Where it goes is
//! decided in `message_builder` and `message_editor`.

use std::fmt;

use crate::delimiters::Delimiters;
use crate::escape::escape;

/// What is written at one place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Content<'t> {
    /// This text, whatever is in it: it is escaped. Text without a character is [`Content::Empty`],
    /// and text of two quotation marks is not [`Content::Null`].
    Text(&'t str),
    /// `""`: delete the value.
    Null,
    /// Nothing: nothing is said about the value.
    Empty,
}

impl fmt::Debug for Content<'_> {
    /// Shows what kind it is, never the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Null => f.write_str("Null"),
            Self::Empty => f.write_str("Empty"),
        }
    }
}

impl<'t> From<&'t str> for Content<'t> {
    fn from(text: &'t str) -> Self {
        Self::Text(text)
    }
}

impl Content<'_> {
    /// Appends it as a message with these delimiters has it.
    pub(crate) fn push(self, delimiters: Delimiters, text: &mut String) {
        match self {
            Self::Text(content) => text.push_str(&escape(content, &delimiters)),
            Self::Null => text.push_str("\"\""),
            Self::Empty => {}
        }
    }
}
