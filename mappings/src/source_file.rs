//! One map file as read: its path, its text, and the way from byte offsets to lines and columns.
//! Reading it from disk happens in `loader`.

use crate::span::{Place, Span};

/// The text of a map file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// Takes a file's path (as shown to people) and its text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self {
            path: path.into(),
            text,
            line_starts,
        }
    }

    /// The path as shown to people.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty when the span does not lie on character borders.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Line and columns of a span; a span over several lines is cut at the end of its first.
    pub fn place(&self, span: Span) -> Place {
        let index = self
            .line_starts
            .partition_point(|start| *start <= span.start)
            .max(1)
            - 1;
        let start = self.line_starts.get(index).copied().unwrap_or(0);
        let line = self.line(index + 1);
        let column = characters(line, span.start - start);
        let end = characters(line, span.end.saturating_sub(start));
        Place {
            line: narrow(index + 1),
            column: narrow(column + 1),
            end_column: narrow(end + 1),
        }
    }

    /// The text of a line (from 1) without its line break.
    pub fn line(&self, number: usize) -> &str {
        let Some(start) = number
            .checked_sub(1)
            .and_then(|at| self.line_starts.get(at))
        else {
            return "";
        };
        let rest = self.text.get(*start..).unwrap_or_default();
        rest.split('\n')
            .next()
            .unwrap_or_default()
            .trim_end_matches('\r')
    }
}

/// How many characters start before a byte offset.
fn characters(line: &str, offset: usize) -> usize {
    line.char_indices()
        .take_while(|(at, _)| *at < offset)
        .count()
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let file = SourceFile::new("a.rmap", "één\nzwei drei\n");
        let place = file.place(Span::new(6 + 5, 6 + 9));
        assert_eq!((place.line, place.column, place.end_column), (2, 6, 10));
        assert_eq!(file.slice(Span::new(11, 15)), "drei");
        assert_eq!(file.line(1), "één");
    }
}
