//! Reads JSON text into a tree, strictly (RFC 8259); nothing is repaired, guessed or dropped.

use crate::element::{Element, Object};
use crate::json::error::{JsonError, JsonErrorCode};
use crate::json::limits::Limits;
use crate::name::Name;
use crate::number::{Number, number_length};
use memchr::{memchr_iter, memchr2, memrchr};
use std::borrow::Cow;
use std::collections::HashSet;

/// From this many members on, duplicates are looked for in a set instead of one by one.
const MANY_MEMBERS: usize = 24;

/// Strings are scanned byte by byte this far before the wide search starts.
const SHORT_STRING: usize = 24;

/// Reads one JSON value from UTF-8 bytes.
///
/// Member order and number text are kept. A byte order mark, duplicate members, lone surrogates and
/// anything after the value are refused.
///
/// # Errors
/// [`JsonError`] with the place of the first thing that is wrong.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Element, JsonError> {
    if bytes.len() > limits.bytes {
        let code = JsonErrorCode::TooManyBytes(limits.bytes);
        return Err(JsonError {
            code,
            line: 1,
            column: 1,
        });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => read_text(text, limits),
        Err(error) => Err(place(JsonErrorCode::NotUtf8, bytes, error.valid_up_to())),
    }
}

fn read_text(text: &str, limits: Limits) -> Result<Element, JsonError> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        left: limits.members,
        limits,
    };
    let depth = limits.depth.min(Limits::DEPTH_MAX);
    let read = reader.value(depth).and_then(|element| {
        reader.skip_space();
        if reader.peek().is_some() {
            Err(JsonErrorCode::TrailingText)
        } else {
            Ok(element)
        }
    });
    read.map_err(|code| place(code, reader.bytes, reader.at))
}

/// Line and column of a byte offset, columns counted in characters.
fn place(code: JsonErrorCode, bytes: &[u8], at: usize) -> JsonError {
    let before = bytes
        .split_at_checked(at)
        .map_or(bytes, |(before, _)| before);
    let line_start = memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let is_start = |byte: &&u8| (**byte & 0xc0) != 0x80;
    JsonError {
        code,
        line: 1 + memchr_iter(b'\n', before).count(),
        column: 1 + before.iter().skip(line_start).filter(is_start).count(),
    }
}

/// The text and how far it was read. On failure `at` is left where the fault is.
struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Members and elements that may still be read.
    left: usize,
    limits: Limits,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The text between two offsets that both lie beside ASCII characters.
    fn between(&self, from: usize, to: usize) -> Result<&'t str, JsonErrorCode> {
        self.text.get(from..to).ok_or(JsonErrorCode::UnexpectedEnd)
    }

    fn expected(&self, what: &'static str) -> JsonErrorCode {
        if self.peek().is_some() {
            JsonErrorCode::Expected(what)
        } else {
            JsonErrorCode::UnexpectedEnd
        }
    }

    /// Reads one value; `depth` objects and arrays may still be opened.
    fn value(&mut self, depth: usize) -> Result<Element, JsonErrorCode> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => Ok(Element::String(self.string()?.into_owned())),
            Some(b'{') => self.object(self.deeper(depth)?).map(Element::Object),
            Some(b'[') => self.array(self.deeper(depth)?).map(Element::Array),
            Some(b't') => self.word("true", Element::Boolean(true)),
            Some(b'f') => self.word("false", Element::Boolean(false)),
            Some(b'n') => self.word("null", Element::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) | None => Err(self.expected("a value")),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonErrorCode> {
        let limit = self.limits.depth.min(Limits::DEPTH_MAX);
        depth.checked_sub(1).ok_or(JsonErrorCode::TooDeep(limit))
    }

    fn count_member(&mut self) -> Result<(), JsonErrorCode> {
        let limit = JsonErrorCode::TooManyMembers(self.limits.members);
        self.left = self.left.checked_sub(1).ok_or(limit)?;
        Ok(())
    }

    fn word(&mut self, word: &'static str, element: Element) -> Result<Element, JsonErrorCode> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(JsonErrorCode::Expected("a value"));
        }
        self.at += word.len();
        Ok(element)
    }

    fn number(&mut self) -> Result<Element, JsonErrorCode> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = number_length(rest).ok_or(JsonErrorCode::InvalidNumber)?;
        let from = self.at;
        let next = rest.get(length);
        if next.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+')) {
            return Err(JsonErrorCode::InvalidNumber);
        }
        self.at += length;
        let text = self.between(from, self.at)?;
        Number::from_text(text)
            .map(Element::Number)
            .ok_or(JsonErrorCode::InvalidNumber)
    }

    /// After `[` or `{` and after each value: whether another one follows.
    fn another(&mut self, first: bool, close: u8) -> Result<bool, JsonErrorCode> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if first => self.count_member().map(|()| true),
            Some(b',') => {
                self.at += 1;
                self.skip_space();
                self.count_member().map(|()| true)
            }
            Some(_) if close == b']' => Err(JsonErrorCode::Expected("`,` or `]`")),
            Some(_) => Err(JsonErrorCode::Expected("`,` or `}`")),
            None => Err(JsonErrorCode::UnexpectedEnd),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Element>, JsonErrorCode> {
        self.at += 1;
        let mut elements = Vec::new();
        while self.another(elements.is_empty(), b']')? {
            elements.push(self.value(depth)?);
        }
        Ok(elements)
    }

    fn object(&mut self, depth: usize) -> Result<Object, JsonErrorCode> {
        self.at += 1;
        let mut object = Object::new();
        let mut seen = HashSet::new();
        while self.another(object.is_empty(), b'}')? {
            let name = self.member_name(&object, &mut seen)?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.expected("`:`"));
            }
            self.at += 1;
            let element = self.value(depth)?;
            object.push(name, element);
        }
        Ok(object)
    }

    fn member_name(
        &mut self,
        object: &Object,
        seen: &mut HashSet<Name>,
    ) -> Result<Name, JsonErrorCode> {
        let from = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.expected("a member name in quotes"));
        }
        let name = Name::new(&self.string()?);
        if object.len() == MANY_MEMBERS {
            seen.extend(object.members().map(|(name, _)| name.clone()));
        }
        let twice = if object.len() < MANY_MEMBERS {
            object.get(&name).is_some()
        } else {
            !seen.insert(name.clone())
        };
        if twice {
            self.at = from;
            return Err(JsonErrorCode::DuplicateMember(name.as_static()));
        }
        Ok(name)
    }

    /// Reads a string whose opening quote is here.
    fn string(&mut self) -> Result<Cow<'t, str>, JsonErrorCode> {
        self.at += 1;
        let from = self.at;
        if self.string_run()? == b'"' {
            let text = self.between(from, self.at)?;
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = self.between(from, self.at)?.to_owned();
        loop {
            text.push(self.escape()?);
            let from = self.at;
            let stop = self.string_run()?;
            text.push_str(self.between(from, self.at)?);
            if stop == b'"' {
                self.at += 1;
                return Ok(Cow::Owned(text));
            }
        }
    }

    /// Moves to the next quote or backslash and returns it; refuses control characters before it.
    fn string_run(&mut self) -> Result<u8, JsonErrorCode> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let stops = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        if let Some(near) = rest.iter().take(SHORT_STRING).position(stops) {
            self.at += near;
        } else {
            let far = rest.get(SHORT_STRING..).unwrap_or_default();
            let length = memchr2(b'"', b'\\', far).unwrap_or(far.len());
            let run = far.get(..length).unwrap_or_default();
            // The least byte of the whole run is found many bytes at once.
            let least = run.iter().fold(u8::MAX, |least, byte| least.min(*byte));
            let first = || run.iter().position(|byte| *byte < 0x20);
            let length = if least < 0x20 {
                first().unwrap_or(length)
            } else {
                length
            };
            self.at += SHORT_STRING.min(rest.len()) + length;
        }
        match self.peek() {
            Some(stop @ (b'"' | b'\\')) => Ok(stop),
            Some(_) => Err(JsonErrorCode::ControlCharacter),
            None => Err(JsonErrorCode::UnexpectedEnd),
        }
    }

    /// Reads the escape whose backslash is here.
    fn escape(&mut self) -> Result<char, JsonErrorCode> {
        let from = self.at;
        let letter = match self.bytes.get(self.at + 1) {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(*letter),
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => return self.unicode_escape(from),
            Some(_) => return Err(JsonErrorCode::InvalidEscape),
            None => return Err(self.end()),
        };
        self.at += 2;
        Ok(letter)
    }

    /// Reads `\uXXXX`, or two of them that are a surrogate pair; a fault is placed at `from`.
    fn unicode_escape(&mut self, from: usize) -> Result<char, JsonErrorCode> {
        let first = self.unit()?;
        let code = match first {
            0xd800..0xdc00 if self.bytes.get(self.at..self.at + 2) == Some(b"\\u") => {
                let second = self.unit()?;
                if !(0xdc00..0xe000).contains(&second) {
                    self.at = from;
                    return Err(JsonErrorCode::LoneSurrogate);
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| {
            self.at = from;
            JsonErrorCode::LoneSurrogate
        })
    }

    /// The four hexadecimal digits after the `\u` that is here.
    fn unit(&mut self) -> Result<u32, JsonErrorCode> {
        let Some(digits) = self.bytes.get(self.at + 2..self.at + 6) else {
            return Err(self.end());
        };
        let mut unit = 0;
        for digit in digits {
            let digit = char::from(*digit)
                .to_digit(16)
                .ok_or(JsonErrorCode::InvalidEscape)?;
            unit = unit * 16 + digit;
        }
        self.at += 6;
        Ok(unit)
    }

    /// The text ends inside a string.
    fn end(&mut self) -> JsonErrorCode {
        self.at = self.bytes.len();
        JsonErrorCode::UnexpectedEnd
    }
}
