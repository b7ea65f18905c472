//! Why a text is not an element path; problems with the meaning of a path are in `problem`.

use crate::path::span::Span;
use thiserror::Error;

/// The text is not an element path. Paths come from maps and policies, never from messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{code}")]
pub struct PathParseError {
    /// What is wrong and how to mend it.
    pub code: PathParseCode,
    /// The bytes that are at fault.
    pub span: Span,
}

/// What can be wrong with the form of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathParseCode {
    /// No name where one must stand.
    #[error("an element name is missing; write names with dots between them, such as name.family")]
    NameExpected,
    /// Something that no path contains.
    #[error("this does not belong to a path; put a dot before a name and keys into brackets")]
    Unexpected,
    /// A bracket holds neither nothing, a number, a number and `..`, nor keys.
    #[error("not a selector; write [], [0], [1..] or [use=home]")]
    NotASelector,
    /// A bracket is not closed.
    #[error("the bracket is not closed; add ]")]
    BracketNotClosed,
    /// A quote is not closed.
    #[error("the text is not closed; add a quotation mark")]
    QuoteNotClosed,
    /// A backslash stands before something else than a quote or a backslash.
    #[error("in quotes only \\\" and \\\\ are escapes; double the backslash")]
    UnknownEscape,
    /// A key has no value.
    #[error("the key has no value; write a code, a text in quotes or $ and a constant's name")]
    ValueExpected,
    /// A key stands twice in a bracket.
    #[error("the bracket compares the same element twice; keep one of the keys")]
    KeyTwice,
    /// A number is over 9999.
    #[error("the number is too large; at most 9999")]
    NumberTooLarge,
    /// The path is too long.
    #[error("the path is too long; at most 32 names, 16 keys in a bracket and 2048 bytes")]
    TooLong,
}
