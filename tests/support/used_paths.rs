//! The paths a source file names, in `use` trees and inline; where a path leads is found out by
//! the module tree.

use crate::tokens::{Kind, Token, behind_closing};

/// One path as written, `use` trees flattened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedPath<'a> {
    /// `crate`, `module`, `Name`; a glob ends in `*`; `a::{self}` is just `a`.
    pub segments: Vec<&'a str>,
    /// The line of its last segment, counted from 1.
    pub line: usize,
    /// Whether it stands in a `use` item.
    pub in_use_item: bool,
}

/// All paths of two or more segments, and every path of a `use` item, in the order they stand.
pub fn used_paths<'a>(tokens: &[Token<'a>]) -> Vec<UsedPath<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        if token.is_word("use") && !next.is_some_and(|token| token.is_mark("<")) {
            at = read_use_item(tokens, at + 1, &mut found);
        } else if is_visibility(tokens, at) {
            at = behind_closing(tokens, at + 1);
        } else if token.kind == Kind::Word && next.is_some_and(|token| token.is_mark("::")) {
            at = read_inline_path(tokens, at, &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Whether `pub(...)` stands at this place: its path says who may see, it imports nothing.
fn is_visibility(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.is_word("pub"))
        && tokens.get(at + 1).is_some_and(|token| token.is_mark("("))
        && tokens
            .get(at + 2)
            .is_some_and(|token| matches!(token.text, "in" | "crate" | "super" | "self"))
}

/// Reads the tree behind `use` up to its semicolon and gives the place behind it.
fn read_use_item<'a>(tokens: &[Token<'a>], start: usize, found: &mut Vec<UsedPath<'a>>) -> usize {
    let mut segments: Vec<&str> = Vec::new();
    let mut prefixes: Vec<usize> = Vec::new();
    let mut line = 0;
    let mut is_complete = false;
    let mut is_renamed = false;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        if token.kind == Kind::Word || token.is_mark("*") {
            is_renamed |= token.is_word("as");
            line = token.line;
            if !is_renamed && (segments.is_empty() || !token.is_word("self")) {
                segments.push(token.text);
            }
            is_complete = true;
        } else if token.is_mark("{") {
            prefixes.push(segments.len());
            is_complete = false;
        } else if token.is_mark(",") || token.is_mark("}") || token.is_mark(";") {
            if is_complete {
                found.push(UsedPath {
                    segments: segments.clone(),
                    line,
                    in_use_item: true,
                });
            }
            is_complete = false;
            is_renamed = false;
            if token.is_mark(";") {
                return at + 1;
            }
            segments.truncate(prefixes.last().copied().unwrap_or(0));
            if token.is_mark("}") {
                prefixes.pop();
            }
        }
    }
    tokens.len()
}

/// Reads the path that starts at `start` and gives the place behind its last segment.
fn read_inline_path<'a>(
    tokens: &[Token<'a>],
    start: usize,
    found: &mut Vec<UsedPath<'a>>,
) -> usize {
    let mut segments = Vec::new();
    let mut line = 0;
    let mut at = start;
    while let Some(token) = tokens.get(at).filter(|token| token.kind == Kind::Word) {
        segments.push(token.text);
        line = token.line;
        at += 1;
        if !tokens.get(at).is_some_and(|token| token.is_mark("::")) {
            break;
        }
        at += 1;
    }
    found.push(UsedPath {
        segments,
        line,
        in_use_item: false,
    });
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    fn joined(source: &str) -> Vec<String> {
        used_paths(&tokens(source))
            .iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn use_trees_are_flattened() {
        assert_eq!(
            joined("pub use crate::{a::B, c::{self, D as E, f::*},}; use g;"),
            [
                "crate::a::B",
                "crate::c",
                "crate::c::D",
                "crate::c::f::*",
                "g"
            ]
        );
    }

    #[test]
    fn inline_paths_are_seen() {
        assert_eq!(
            joined("pub(in crate::z) fn f(x: &crate::a::B) -> Vec<c::D> { e::<G>() }"),
            ["crate::a::B", "c::D", "e"]
        );
    }
}
