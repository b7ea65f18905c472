//! Reads `Hl7Path` and `ComponentPath` from text, with the place of every error.
//! What a path is made of is in `path`; whether its places exist is checked in `resolve`.

use std::ops::Range;
use std::str::FromStr;

use crate::path::{
    ComponentPath, FieldStep, GroupStep, Hl7Path, Key, KeyValue, PathError, SegmentStep, Selector,
};
use crate::segment_name::SegmentName;

/// How many groups a path may go through, and how many keys a bracket may hold.
const STEPS_MAX: usize = 16;

impl Hl7Path {
    /// Reads a path, the whole of `text`.
    ///
    /// # Errors
    /// See [`PathError`].
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse_path(text)
    }
}

impl ComponentPath {
    /// Reads a relative path such as `.5.1`, the whole of `text`.
    ///
    /// # Errors
    /// See [`PathError`].
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse_component_path(text)
    }
}

impl FromStr for Hl7Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl FromStr for ComponentPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

fn parse_path(text: &str) -> Result<Hl7Path, PathError> {
    let mut reader = Reader { text, place: 0 };
    let mut groups = Vec::new();
    let (name, span, selector) = loop {
        let (name, span) = reader.word();
        let selector = reader.selector()?;
        if !reader.take('/') {
            break (name, span, selector);
        }
        let group_like =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(group_like) {
            return Err(error(span, "expected a group name in upper case"));
        }
        if groups.len() >= STEPS_MAX {
            return Err(error(span, "too many groups"));
        }
        groups.push(GroupStep {
            name: String::from(name),
            selector,
        });
    };
    let name = SegmentName::new(name.as_bytes()).ok_or(error(
        span,
        "expected a segment name: three upper-case characters such as PID",
    ))?;
    let segment = SegmentStep { name, selector };
    let mut field = None;
    let mut component = None;
    if reader.take('-') {
        let number = reader.number("expected a field number from 1")?;
        field = Some(FieldStep {
            number,
            selector: reader.selector()?,
        });
        if reader.peek() == Some('.') {
            component = Some(reader.component_path()?);
        }
    }
    reader.end()?;
    Ok(Hl7Path {
        groups,
        segment,
        field,
        component,
    })
}

fn parse_component_path(text: &str) -> Result<ComponentPath, PathError> {
    let mut reader = Reader { text, place: 0 };
    let path = reader.component_path()?;
    reader.end()?;
    Ok(path)
}

fn error(span: Range<usize>, message: &'static str) -> PathError {
    PathError { span, message }
}

struct Reader<'t> {
    text: &'t str,
    place: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.place = self.place.saturating_add(wanted.len_utf8());
        }
        found
    }

    /// The character at hand, or nothing at the end.
    fn here(&self) -> Range<usize> {
        self.place
            ..self
                .place
                .saturating_add(self.peek().map_or(0, char::len_utf8))
    }

    fn expect(&mut self, wanted: char, message: &'static str) -> Result<(), PathError> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(error(self.here(), message))
        }
    }

    fn end(&self) -> Result<(), PathError> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(error(
            self.place..self.text.len(),
            "the path should end here",
        ))
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> (&'t str, Range<usize>) {
        let rest = self.rest();
        let length = rest
            .find(|character| !wanted(character))
            .unwrap_or(rest.len());
        let span = self.place..self.place.saturating_add(length);
        self.place = span.end;
        (rest.get(..length).unwrap_or_default(), span)
    }

    fn word(&mut self) -> (&'t str, Range<usize>) {
        self.take_while(|character| character.is_ascii_alphanumeric() || character == '_')
    }

    fn count(&mut self, message: &'static str) -> Result<(u16, Range<usize>), PathError> {
        let (digits, span) = self.take_while(|character| character.is_ascii_digit());
        if digits.is_empty() {
            return Err(error(self.here(), message));
        }
        match digits.parse() {
            Ok(number) => Ok((number, span)),
            Err(_) => Err(error(span, "the number is too large")),
        }
    }

    /// A number from 1.
    fn number(&mut self, message: &'static str) -> Result<u16, PathError> {
        let (number, span) = self.count(message)?;
        if number == 0 {
            return Err(error(
                span,
                "fields, components and subcomponents count from 1",
            ));
        }
        Ok(number)
    }

    fn component_path(&mut self) -> Result<ComponentPath, PathError> {
        self.expect('.', "expected a dot and a component number")?;
        let component = self.number("expected a component number from 1")?;
        let subcomponent = if self.take('.') {
            Some(self.number("expected a subcomponent number from 1")?)
        } else {
            None
        };
        Ok(ComponentPath {
            component,
            subcomponent,
        })
    }

    fn selector(&mut self) -> Result<Option<Selector>, PathError> {
        if !self.take('[') {
            return Ok(None);
        }
        if self.take(']') {
            return Ok(Some(Selector::Each));
        }
        let start = self.place;
        let (first, _) = self.count("expected an index, a key or a closing bracket")?;
        let selector = if self.rest().starts_with("..") {
            self.place = self.place.saturating_add(2);
            Selector::From(first)
        } else if self.peek() == Some(']') {
            Selector::Index(first)
        } else {
            self.place = start;
            Selector::Keys(self.keys()?)
        };
        self.expect(']', "expected a closing bracket")?;
        Ok(Some(selector))
    }

    fn keys(&mut self) -> Result<Vec<Key>, PathError> {
        let mut keys = Vec::new();
        loop {
            let mut place = vec![self.number("expected the number of a key")?];
            while place.len() < 3 && self.take('.') {
                place.push(self.number("expected a number after the dot")?);
            }
            self.expect('=', "expected = and the key's value")?;
            let value = self.key_value()?;
            keys.push(Key { place, value });
            if !self.take(',') {
                return Ok(keys);
            }
            if keys.len() >= STEPS_MAX {
                return Err(error(self.here(), "too many keys"));
            }
        }
    }

    fn key_value(&mut self) -> Result<KeyValue, PathError> {
        if self.peek() == Some('"') {
            return self.quoted().map(KeyValue::Text);
        }
        let is_constant = self.take('$');
        let (word, _) = self.take_while(|character| {
            character.is_alphanumeric() || matches!(character, '_' | '-' | '/' | ':' | '.')
        });
        if word.is_empty() {
            let message = "expected a quoted text, a code or $ and a constant's name";
            return Err(error(self.here(), message));
        }
        let word = String::from(word);
        Ok(if is_constant {
            KeyValue::Constant(word)
        } else {
            KeyValue::Code(word)
        })
    }

    fn quoted(&mut self) -> Result<String, PathError> {
        let start = self.place;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.place = start.saturating_add(at).saturating_add(1);
                    return Ok(text);
                }
                '\\' => {
                    let Some((_, escaped @ ('"' | '\\'))) = characters.next() else {
                        let backslash = start.saturating_add(at);
                        let message = "after a backslash expected \\ or \"";
                        return Err(error(backslash..backslash.saturating_add(1), message));
                    };
                    text.push(escaped);
                }
                other => text.push(other),
            }
        }
        Err(error(
            start..self.text.len(),
            "the text has no closing quotation mark",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_they_were_read() {
        for text in [
            "PID",
            "PID-5",
            "PID-5[1].2",
            "PID-3[5=\"MR\"].1",
            "PID-3[0].4.2",
            "PID-3[]",
            "PID-3[1..].1",
            "PID-3[5=MR,4.1=$site].1",
            "OBX[3.1=\"a \\\"b\\\\\"]-5[0].1",
            "ORDER_OBSERVATION[0]/OBSERVATION/NTE-3",
        ] {
            assert_eq!(parse_path(text).unwrap().to_string(), text);
        }
        for text in [".5", ".5.1"] {
            assert_eq!(parse_component_path(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_point_at_the_bytes_at_fault() {
        for (text, span) in [
            ("pid-5", 0..3),
            ("PID-", 4..4),
            ("PID-0", 4..5),
            ("PID-5.", 6..6),
            ("PID-5.1.2.3", 9..11),
            ("PID-70000", 4..9),
            ("PID-3[x]", 6..7),
            ("PID-3[5=\"MR]", 8..12),
            ("PID-3[5=\"M\\R\"]", 10..11),
            ("PID-3[5=]", 8..9),
            ("PID-3[1", 7..7),
            ("Order/OBX-5", 0..5),
            ("PID.5", 3..5),
        ] {
            assert_eq!(parse_path(text).unwrap_err().span, span, "{text}");
        }
        assert_eq!(parse_component_path("5").unwrap_err().span, 0..1);
    }
}
