//! Where something stands in a map file: byte spans while reading, line and column when shown.
//! The text itself lives in `source_file`.

/// A range of bytes in one map file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from its two ends.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// A part of this span, given as byte offsets counted from its start.
    #[must_use]
    pub fn part(self, start: usize, end: usize) -> Self {
        let start = (self.start + start).min(self.end);
        Self {
            start,
            end: (self.start + end).clamp(start, self.end),
        }
    }
}

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

/// A place as people read it: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column of the first character, from 1.
    pub column: u32,
    /// Column one past the last character (on the same line).
    pub end_column: u32,
}
