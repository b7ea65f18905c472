//! Words of a map file with the place where each was written.
//! Spans themselves, and lines and columns, live in the core.

use isthmus_core::span::Span;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// A word of a map file: a name or the text of a path.
pub type Word = Spanned<String>;
