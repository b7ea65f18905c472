//! `Content`, what is written at one place of a message, and how it is written. Where it goes is
//! decided in `message_builder` and `message_editor`.

use crate::delimiters::Delimiters;
use crate::escape::escape;

/// What is written at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'t> {
    /// This text, whatever is in it: it is escaped. Text without a character is [`Content::Empty`],
    /// and text of two quotation marks is not [`Content::Null`].
    Text(&'t str),
    /// `""`: delete the value.
    Null,
    /// Nothing: nothing is said about the value.
    Empty,
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
