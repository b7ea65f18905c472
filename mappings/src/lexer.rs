//! Cuts a map file into lines and tokens; knows words, texts and signs, no statements.
//! What the tokens mean is the parser's business.

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;

use crate::codes;

/// Bytes in one map file, at most.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// The kind of a token; words and texts are found again through the span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// A name, number or path, selectors in brackets included.
    Word,
    /// A quoted text, unescaped.
    Text(String),
    /// `<-`
    Arrow,
    /// `<->`
    TwoWayArrow,
    /// `//`
    Otherwise,
    /// `|`
    Pipe,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `>`
    Greater,
}

/// A token and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// One line that says something: neither blank nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Spaces before the first token.
    pub indent: usize,
    /// The tokens; none when the line could not be cut.
    pub tokens: Vec<Token>,
    /// From the first token to the last.
    pub span: Span,
}

/// Cuts the whole file; a line that cannot be cut is reported and has no tokens.
pub fn lines(file: &SourceFile) -> (Vec<Line>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut diagnostics = Vec::new();
    let mut start = 0;
    for text in file.text().split('\n') {
        match line(file, text.trim_end_matches('\r'), start) {
            Ok(Some(line)) => found.push(line),
            Ok(None) => {}
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                let indent = text.len() - text.trim_start_matches(' ').len();
                let span = Span::new(start + indent, start + text.len());
                found.push(Line {
                    indent,
                    tokens: Vec::new(),
                    span,
                });
            }
        }
        start += text.len() + 1;
    }
    (found, diagnostics)
}

fn line(file: &SourceFile, text: &str, start: usize) -> Result<Option<Line>, Box<Diagnostic>> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let mut scanner = Scanner {
        file,
        text,
        start,
        at: indent,
    };
    let mut tokens: Vec<Token> = Vec::new();
    while let Some(token) = scanner.token()? {
        tokens.push(token);
    }
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Ok(None);
    };
    let span = first.span.to(last.span);
    Ok(Some(Line {
        indent,
        tokens,
        span,
    }))
}

struct Scanner<'a> {
    file: &'a SourceFile,
    text: &'a str,
    start: usize,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, from: usize) -> Span {
        Span::new(self.start + from, self.start + self.at)
    }

    fn token(&mut self) -> Result<Option<Token>, Box<Diagnostic>> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        if first == '#' {
            return Ok(None);
        }
        let from = self.at;
        if let Some((kind, length)) = sign(rest) {
            self.at += length;
            return Ok(Some(Token {
                kind,
                span: self.span(from),
            }));
        }
        let kind = if first == '"' {
            TokenKind::Text(self.quoted()?)
        } else if is_word(first) {
            self.word()?;
            TokenKind::Word
        } else {
            self.at += first.len_utf8();
            let help = if first == '\t' {
                "indent with two spaces a level"
            } else {
                "remove it"
            };
            let message = "this character means nothing here";
            let fault = Diagnostic::error(self.file, self.span(from), codes::CHARACTER, message);
            return Err(Box::new(fault.with_help(help)));
        };
        Ok(Some(Token {
            kind,
            span: self.span(from),
        }))
    }

    /// A quoted text; `\"`, `\\` and `\n` are the escapes.
    fn quoted(&mut self) -> Result<String, Box<Diagnostic>> {
        let from = self.at;
        let mut text = String::new();
        let mut escaped = false;
        for (offset, character) in self.rest().char_indices().skip(1) {
            match (escaped, character) {
                (false, '"') => {
                    self.at = from + offset + 1;
                    return Ok(text);
                }
                (false, '\\') => escaped = true,
                (true, 'n') => {
                    text.push('\n');
                    escaped = false;
                }
                (_, other) => {
                    text.push(other);
                    escaped = false;
                }
            }
        }
        Err(Box::new(
            self.unterminated(from, "this text has no closing \""),
        ))
    }

    /// A word; what stands in brackets belongs to it, spaces and quotes included.
    fn word(&mut self) -> Result<(), Box<Diagnostic>> {
        let from = self.at;
        let (mut bracket, mut quoted, mut escaped) = (false, false, false);
        let mut length = self.rest().len();
        for (offset, character) in self.rest().char_indices() {
            if bracket {
                match character {
                    _ if escaped => escaped = false,
                    '\\' if quoted => escaped = true,
                    '"' => quoted = !quoted,
                    ']' if !quoted => bracket = false,
                    _ => {}
                }
            } else if character == '[' {
                bracket = true;
            } else if !is_word(character) || self.is_otherwise(offset) {
                length = offset;
                break;
            }
        }
        self.at = from + length;
        if bracket {
            return Err(Box::new(
                self.unterminated(from, "this path has a [ without its ]"),
            ));
        }
        Ok(())
    }

    fn is_otherwise(&self, offset: usize) -> bool {
        self.rest()
            .get(offset..)
            .is_some_and(|rest| rest.starts_with("//"))
    }

    fn unterminated(&mut self, from: usize, message: &str) -> Diagnostic {
        self.at = self.text.len();
        Diagnostic::error(self.file, self.span(from), codes::UNTERMINATED, message)
    }
}

fn sign(rest: &str) -> Option<(TokenKind, usize)> {
    const SIGNS: [(&str, TokenKind); 12] = [
        ("<->", TokenKind::TwoWayArrow),
        ("<-", TokenKind::Arrow),
        ("//", TokenKind::Otherwise),
        ("!=", TokenKind::NotEqual),
        ("|", TokenKind::Pipe),
        (":", TokenKind::Colon),
        (",", TokenKind::Comma),
        ("(", TokenKind::Open),
        (")", TokenKind::Close),
        ("=", TokenKind::Equal),
        ("<", TokenKind::Less),
        (">", TokenKind::Greater),
    ];
    let found = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign))?;
    Some((found.1.clone(), found.0.len()))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || "-_./^@$*+%&;~?#'[".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_their_brackets() {
        let file = SourceFile::new("a", "  a[k=\"x ] y\"].b <- PID-3[5=\"MR\"].1//PID-3 # note");
        let (lines, faults) = lines(&file);
        assert!(faults.is_empty());
        let words: Vec<&str> = lines[0].tokens.iter().map(|t| file.slice(t.span)).collect();
        assert_eq!(
            words,
            ["a[k=\"x ] y\"].b", "<-", "PID-3[5=\"MR\"].1", "//", "PID-3"]
        );
    }

    #[test]
    fn open_texts_are_refused() {
        let (_, faults) = lines(&SourceFile::new("a", "warn \"never ends"));
        assert_eq!(faults[0].code, codes::UNTERMINATED);
    }
}
