//! A cursor over the tokens of one line, with the errors that every statement shares.
//! Which tokens a statement wants is settled in the other files of this folder.

use isthmus_core::diagnostic::Code;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::source_file::SourceFile;
use isthmus_core::span::Span;

use crate::codes;
use crate::lexer::{Line, Token, TokenKind};
use crate::span::{Spanned, Word};

/// The outcome of reading a piece of a line.
pub type Parsed<T> = Result<T, Box<Diagnostic>>;

/// A cursor over one line.
#[derive(Debug)]
pub struct Cursor<'a> {
    file: &'a SourceFile,
    tokens: &'a [Token],
    end: Span,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of a line.
    pub fn new(file: &'a SourceFile, line: &'a Line) -> Self {
        let end = Span::new(line.span.end, line.span.end + 1);
        Self {
            file,
            tokens: &line.tokens,
            end,
            at: 0,
        }
    }

    /// The next token's kind.
    pub fn peek(&self) -> Option<&'a TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// The token after the next.
    pub fn peek_second(&self) -> Option<&'a TokenKind> {
        self.tokens.get(self.at + 1).map(|token| &token.kind)
    }

    /// The text of the next token when it is a word.
    pub fn peek_word(&self) -> Option<&'a str> {
        let token = self.tokens.get(self.at)?;
        (token.kind == TokenKind::Word).then(|| self.file.slice(token.span))
    }

    /// The place of the next token, or just after the line.
    pub fn span(&self) -> Span {
        self.tokens
            .get(self.at)
            .map_or(self.end, |token| token.span)
    }

    /// The place of the token read last.
    pub fn last_span(&self) -> Span {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or_else(|| self.span(), |token| token.span)
    }

    /// Steps over the next token when it is this sign.
    pub fn take(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    /// Steps over the next token when it is this word.
    pub fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// The next token as a word.
    pub fn word(&mut self, what: &str) -> Parsed<Word> {
        let span = self.span();
        let Some(word) = self.peek_word() else {
            return Err(self.expected(what));
        };
        self.at += 1;
        Ok(Spanned {
            value: word.to_owned(),
            span,
        })
    }

    /// The next token as a quoted text.
    pub fn text(&mut self, what: &str) -> Parsed<Spanned<String>> {
        let span = self.span();
        let Some(TokenKind::Text(text)) = self.peek() else {
            return Err(self.expected(what));
        };
        self.at += 1;
        Ok(Spanned {
            value: text.clone(),
            span,
        })
    }

    /// This sign must come next.
    pub fn sign(&mut self, kind: &TokenKind, what: &str) -> Parsed<()> {
        if self.take(kind) {
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    /// This word must come next.
    pub fn keyword(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{word}`")))
        }
    }

    /// The line must end here.
    pub fn finish(&self, what_may_follow: &str) -> Parsed<()> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(self.expected(what_may_follow))
        }
    }

    /// The error that something else was expected at the next token.
    pub fn expected(&self, what: &str) -> Box<Diagnostic> {
        self.fault(self.span(), codes::EXPECTED, format!("expected {what}"))
    }

    /// An error at a place of this line.
    pub fn fault(&self, span: Span, code: Code, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(self.file, span, code, message))
    }

    /// The error that a form is not accepted, with what is.
    pub fn not_accepted(&self, span: Span, form: &str, instead: &str) -> Box<Diagnostic> {
        let message = format!("{form} is not accepted by this version; {instead}");
        self.fault(span, codes::VERSION_LIMIT, message)
    }
}
