//! Where something stands in a configuration file: byte spans while reading, line and columns when
//! shown. The text itself lives in `source_file`.

/// A range of bytes in one file.
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
        let start = self.start.saturating_add(start).min(self.end);
        Self {
            start,
            end: self.start.saturating_add(end).clamp(start, self.end),
        }
    }
}

/// A span as people read it: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct LineSpan {
    /// The line.
    pub line: u32,
    /// The column of the first character.
    pub column: u32,
    /// The column one past the last character, on the same line.
    pub end_column: u32,
}
