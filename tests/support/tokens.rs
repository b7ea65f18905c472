//! A lexer for Rust source that keeps words and punctuation with their lines, and drops comments
//! and the insides of literals. It knows no grammar: what the tokens mean is read elsewhere.

/// What a token is; literals keep no text, so that no rule trips over words inside strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword; a raw identifier loses its `r#`.
    Word,
    /// `::`, or one character of any other punctuation.
    Mark,
    /// A string, character or number.
    Literal,
    /// A lifetime or loop label.
    Lifetime,
}

/// One token and the line it starts on, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text; empty for literals.
    pub text: &'a str,
    /// The line it starts on, counted from 1.
    pub line: usize,
}

impl Token<'_> {
    /// Whether this is the word `text`.
    pub fn is_word(&self, text: &str) -> bool {
        self.kind == Kind::Word && self.text == text
    }

    /// Whether this is the mark `text`.
    pub fn is_mark(&self, text: &str) -> bool {
        self.kind == Kind::Mark && self.text == text
    }
}

/// The tokens of a source text. Text that is not Rust gives some tokens, never an error: the
/// compiler is the judge of that.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        rest: source,
        line: 1,
    };
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token() {
        found.push(token);
    }
    found
}

/// The place just behind the mark that closes what the mark at `open` opens, or the end.
pub fn behind_closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        if token.kind == Kind::Mark && matches!(token.text, "(" | "[" | "{") {
            depth += 1;
        } else if token.kind == Kind::Mark && matches!(token.text, ")" | "]" | "}") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return place + 1;
            }
        }
    }
    tokens.len()
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    /// Takes `length` bytes off the front, all that is left if that is no character boundary.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += taken.matches('\n').count();
        taken
    }

    fn next_token(&mut self) -> Option<Token<'a>> {
        self.skip_blanks_and_comments();
        let line = self.line;
        let first = self.rest.chars().next()?;
        if let Some(length) = literal_length(self.rest) {
            self.take(length);
            return Some(Token {
                kind: Kind::Literal,
                text: "",
                line,
            });
        }
        if first == '\'' {
            self.take(1);
            let text = self.take(word_length(self.rest));
            return Some(Token {
                kind: Kind::Lifetime,
                text,
                line,
            });
        }
        if first == 'r' && self.rest.starts_with("r#") {
            self.take(2);
        }
        let length = word_length(self.rest);
        if length > 0 {
            return Some(Token {
                kind: Kind::Word,
                text: self.take(length),
                line,
            });
        }
        let length = if self.rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        Some(Token {
            kind: Kind::Mark,
            text: self.take(length),
            line,
        })
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if self.rest.starts_with("//") {
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.take(block_comment_length(self.rest));
            } else {
                return;
            }
        }
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

/// The length of a block comment, the ones nested in it included.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the literal that `text` starts with, if it starts with one.
fn literal_length(text: &str) -> Option<usize> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(word_length(text));
    }
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r'))?;
    let (letters, body) = text.split_at_checked(prefix)?;
    let length = match letters {
        "" => character_length(body).or_else(|| quoted_length(body))?,
        "b" => byte_character_length(body).or_else(|| quoted_length(body))?,
        "c" => quoted_length(body)?,
        "r" | "br" | "cr" => raw_length(body)?,
        _ => return None,
    };
    Some(prefix + length)
}

fn quoted_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            '"' if !escaped => return Some(at + 2),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    Some(text.len())
}

fn raw_length(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let inside = text.trim_start_matches('#').strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    Some(
        inside
            .find(&closing)
            .map_or(text.len(), |at| hashes + 1 + at + closing.len()),
    )
}

/// The length of a character literal; a lifetime is none.
fn character_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    if inside.starts_with('\\') {
        return byte_character_length(text);
    }
    let first = inside.chars().next()?;
    inside
        .get(first.len_utf8()..)?
        .starts_with('\'')
        .then(|| first.len_utf8() + 2)
}

fn byte_character_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let skipped = if inside.starts_with('\\') { 2 } else { 1 };
    inside.get(skipped..)?.find('\'').map(|at| skipped + at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source)
            .iter()
            .filter(|t| t.kind != Kind::Literal)
            .map(|t| t.text)
            .collect()
    }

    #[test]
    fn comments_and_literals_hide_their_words() {
        let source =
            "a /* use b; /* c */ */ \"use d\\\"\" r#\"use \"e\"# b'\\'' 'f' '\\\\' // g\nh";
        assert_eq!(texts(source), ["a", "h"]);
    }

    #[test]
    fn lifetimes_are_no_characters() {
        assert_eq!(texts("&'a str"), ["&", "a", "str"]);
        assert_eq!(texts("crate::r#match"), ["crate", "::", "match"]);
    }

    #[test]
    fn lines_are_counted_through_literals() {
        let found = tokens("\"\n\n\" a\nb");
        let lines: Vec<usize> = found.iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }
}
