//! Reads element paths from the text of a map or policy; what the names mean is not looked at.

use crate::path::parse_error::{PathParseCode, PathParseError};
use crate::path::span::Span;
use crate::path::syntax::{ElementPath, Head, Key, KeyValue, Selector, Step};
use std::str::FromStr;

const BYTES_MAX: usize = 2048;
const STEPS_MAX: usize = 32;
const KEYS_MAX: usize = 16;
const NUMBER_MAX: u32 = 9999;

impl FromStr for ElementPath {
    type Err = PathParseError;

    fn from_str(text: &str) -> Result<Self, PathParseError> {
        Self::parse(text)
    }
}

impl ElementPath {
    /// Reads a text that is one path.
    ///
    /// A first name with a capital is the head, as FHIR types have one and elements do not; see
    /// also [`ElementPath::with_first_as_head`].
    ///
    /// # Errors
    /// [`PathParseError`] with the bytes that are at fault.
    pub fn parse(text: &str) -> Result<Self, PathParseError> {
        let (path, length) = Self::parse_prefix(text)?;
        if let Some(letter) = text.get(length..).and_then(|rest| rest.chars().next()) {
            let span = Span::new(length, length + letter.len_utf8());
            return Err(PathParseError {
                code: PathParseCode::Unexpected,
                span,
            });
        }
        Ok(path)
    }

    /// Reads the path at the start of a longer text and tells how many bytes it took: up to the
    /// first character outside brackets that no path goes on with.
    ///
    /// # Errors
    /// As [`ElementPath::parse`].
    pub fn parse_prefix(text: &str) -> Result<(Self, usize), PathParseError> {
        let mut parser = Parser { text, at: 0 };
        let mut path = Self {
            head: None,
            steps: Vec::new(),
        };
        loop {
            let start = parser.at;
            let name = parser.name()?;
            let capital = name.starts_with(|first: char| first.is_ascii_uppercase());
            if start == 0 && capital && parser.peek() != Some('[') {
                path.head = Some(Head {
                    name,
                    span: Span::new(start, parser.at),
                });
            } else {
                let selector = parser.selector()?;
                path.steps.push(Step {
                    name,
                    selector,
                    span: Span::new(start, parser.at),
                });
            }
            if path.steps.len() > STEPS_MAX || parser.at > BYTES_MAX {
                return Err(parser.error(PathParseCode::TooLong, 0));
            }
            if !parser.eat('.') {
                return Ok((path, parser.at));
            }
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while self.eat(' ') {}
    }

    /// The longest run of characters that pass; at most [`BYTES_MAX`] of them are looked at.
    fn run(&mut self, passes: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .take(BYTES_MAX)
            .find(|(_, letter)| !passes(*letter))
            .map_or(rest.len(), |(end, _)| end);
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// An error over the bytes from `start` to here, or over the character here if that is none.
    fn error(&self, code: PathParseCode, start: usize) -> PathParseError {
        let here = self.peek().map_or(0, char::len_utf8);
        let end = if start < self.at {
            self.at
        } else {
            self.at + here
        };
        PathParseError {
            code,
            span: Span::new(start, end),
        }
    }

    fn name(&mut self) -> Result<String, PathParseError> {
        if !self
            .peek()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        {
            return Err(self.error(PathParseCode::NameExpected, self.at));
        }
        Ok(self
            .run(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            .to_owned())
    }

    fn selector(&mut self) -> Result<Selector, PathParseError> {
        let start = self.at;
        if !self.eat('[') {
            return Ok(Selector::None);
        }
        self.skip_blanks();
        let selector = match self.peek() {
            Some(']') => Selector::Each,
            Some('0'..='9') => self.number()?,
            Some(_) => Selector::Keys(self.keys()?),
            None => return Err(self.error(PathParseCode::BracketNotClosed, start)),
        };
        self.skip_blanks();
        if self.eat(']') {
            return Ok(selector);
        }
        let code = if self.peek().is_none() {
            PathParseCode::BracketNotClosed
        } else {
            PathParseCode::NotASelector
        };
        Err(self.error(code, start))
    }

    fn number(&mut self) -> Result<Selector, PathParseError> {
        let start = self.at;
        let digits = self.run(|letter| letter.is_ascii_digit());
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(self.error(PathParseCode::NotASelector, start));
        }
        let number = digits.parse().ok().filter(|number| *number <= NUMBER_MAX);
        let Some(number) = number else {
            return Err(self.error(PathParseCode::NumberTooLarge, start));
        };
        if self.rest().starts_with("..") {
            self.at += 2;
            return Ok(Selector::From(number));
        }
        Ok(Selector::Index(number))
    }

    fn keys(&mut self) -> Result<Vec<Key>, PathParseError> {
        let mut keys: Vec<Key> = Vec::new();
        loop {
            self.skip_blanks();
            let key = self.key()?;
            if keys.iter().any(|known| known.path == key.path) {
                return Err(PathParseError {
                    code: PathParseCode::KeyTwice,
                    span: key.span,
                });
            }
            let start = key.span.start;
            keys.push(key);
            if keys.len() > KEYS_MAX {
                return Err(self.error(PathParseCode::TooLong, start));
            }
            self.skip_blanks();
            if !self.eat(',') {
                return Ok(keys);
            }
        }
    }

    fn key(&mut self) -> Result<Key, PathParseError> {
        let start = self.at;
        let mut path = vec![self.name()?];
        while self.eat('.') {
            path.push(self.name()?);
            if path.len() > STEPS_MAX {
                return Err(self.error(PathParseCode::TooLong, start));
            }
        }
        self.skip_blanks();
        if !self.eat('=') {
            return Err(self.error(PathParseCode::NotASelector, start));
        }
        self.skip_blanks();
        let value = self.value()?;
        Ok(Key {
            path,
            value,
            span: Span::new(start, self.at),
        })
    }

    fn value(&mut self) -> Result<KeyValue, PathParseError> {
        if self.eat('$') {
            return Ok(KeyValue::Constant(self.name()?));
        }
        if self.peek() == Some('"') {
            return Ok(KeyValue::Text(self.quoted()?));
        }
        let start = self.at;
        let word = self.run(|letter| {
            letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':' | '/')
        });
        if word.is_empty() {
            return Err(self.error(PathParseCode::ValueExpected, start));
        }
        Ok(KeyValue::Code(word.to_owned()))
    }

    fn quoted(&mut self) -> Result<String, PathParseError> {
        let start = self.at;
        self.eat('"');
        let mut text = String::new();
        loop {
            text.push_str(self.run(|letter| letter != '"' && letter != '\\'));
            if self.at - start > BYTES_MAX {
                return Err(self.error(PathParseCode::TooLong, start));
            }
            if self.eat('"') {
                return Ok(text);
            }
            if !self.eat('\\') {
                return Err(self.error(PathParseCode::QuoteNotClosed, start));
            }
            match self.peek() {
                Some(escaped @ ('"' | '\\')) => {
                    self.eat(escaped);
                    text.push(escaped);
                }
                Some(_) => return Err(self.error(PathParseCode::UnknownEscape, self.at - 1)),
                None => return Err(self.error(PathParseCode::QuoteNotClosed, start)),
            }
        }
    }
}
