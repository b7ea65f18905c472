//! `MessageEditor`, changes of a message that was received: whatever is not changed stays as it is,
//! byte for byte. New messages are written in `message_builder`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::content::Content;
use crate::delimiters::Delimiters;
use crate::error::ParseError;
use crate::location::Location;
use crate::message::{Limits, Message, Segment};
use crate::place_edit::{count, reach, remove};
use crate::segment_name::SegmentName;

/// Why a place cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EditError {
    /// The message has no such segment.
    #[error("the message has no segment {segment} number {occurrence}; insert it first")]
    NoSegment {
        /// The name.
        segment: SegmentName,
        /// Which of them, from 1.
        occurrence: u32,
    },
    /// The place names no field, or one that counts from 0.
    #[error("the place names a segment as a whole, or a number 0; name a field, such as PID-5")]
    NoField,
    /// MSH-1 or MSH-2.
    #[error("MSH-1 and MSH-2 declare the delimiters of the whole message and cannot be changed")]
    Delimiters,
    /// The header would go, or not come first.
    #[error("a message begins with its one MSH; no segment goes before it, and it stays")]
    Header,
    /// The field has no such repetition.
    #[error("the field has no repetition {index}; the first is 0")]
    NoRepetition {
        /// Which, from 0.
        index: u16,
    },
}

/// A message on its way to be another.
#[derive(Clone)]
pub struct MessageEditor<'m> {
    message: &'m Message,
    before: &'m str,
    lines: Vec<Line<'m>>,
}

#[derive(Clone)]
struct Line<'m> {
    name: SegmentName,
    raw: Cow<'m, str>,
    terminator: Cow<'m, str>,
}

impl fmt::Debug for MessageEditor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageEditor({} segments)", self.lines.len())
    }
}

impl<'m> MessageEditor<'m> {
    /// An editor over a message, which stays what it is.
    pub fn new(message: &'m Message) -> Self {
        let text = message.text();
        let starts = message.segments().map(|segment| segment.offset() as usize);
        let ends = starts.clone().skip(1).chain([text.len()]);
        let line = |(segment, end): (Segment<'m>, usize)| {
            let raw = segment.raw();
            let start = (segment.offset() as usize).saturating_add(raw.len());
            Line {
                name: segment.name(),
                raw: Cow::Borrowed(raw),
                terminator: Cow::Borrowed(text.get(start..end).unwrap_or_default()),
            }
        };
        let first = starts.clone().next().unwrap_or_default();
        Self {
            message,
            before: text.get(..first).unwrap_or_default(),
            lines: message.segments().zip(ends).map(line).collect(),
        }
    }

    /// Writes a field, repetition, component or subcomponent, as deep as the place goes. What the
    /// place needs and the message does not have is made: `PID|1` and PID-5.2 give `PID|1||||^X`.
    /// What was null as a whole stays null in its first part.
    ///
    /// # Errors
    /// See [`EditError`]; nothing is changed then.
    pub fn set<'t>(
        &mut self,
        at: Location,
        content: impl Into<Content<'t>>,
    ) -> Result<(), EditError> {
        let delimiters = self.message.delimiters();
        let index = field_index(at)?;
        let steps = steps(at, delimiters)?;
        let text = self.line(at)?.raw.to_mut();
        let mut range = field(text, delimiters, index);
        for (delimiter, index) in steps {
            range = reach(text, range, delimiter, index);
        }
        text.replace_range(range, &written(content.into(), delimiters));
        Ok(())
    }

    /// Puts a repetition behind those of a field.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn add_repetition<'t>(
        &mut self,
        at: Location,
        content: impl Into<Content<'t>>,
    ) -> Result<(), EditError> {
        let repetitions = self.repetitions(at)?;
        self.insert_at(at, repetitions, content.into())
    }

    /// Puts a repetition before the one that the place names.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn insert_repetition<'t>(
        &mut self,
        at: Location,
        content: impl Into<Content<'t>>,
    ) -> Result<(), EditError> {
        let index = self.known_repetition(at)?;
        self.insert_at(at, index, content.into())
    }

    /// Takes out the repetition that the place names.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn remove_repetition(&mut self, at: Location) -> Result<(), EditError> {
        let index = self.known_repetition(at)?;
        let delimiters = self.message.delimiters();
        let place = field_index(at)?;
        let text = self.line(at)?.raw.to_mut();
        let range = field(text, delimiters, place);
        remove(text, range, delimiters.repetition, index);
        Ok(())
    }

    /// Where a segment stands now, from 0: of that name, counted from 1.
    pub fn ordinal_of(&self, name: SegmentName, occurrence: u32) -> Option<usize> {
        let index = usize::try_from(occurrence.checked_sub(1)?).ok()?;
        let named = |(_, line): &(usize, &Line<'m>)| line.name == name;
        let mut found = self.lines.iter().enumerate().filter(named);
        found.nth(index).map(|(ordinal, _)| ordinal)
    }

    /// Puts a segment without fields at this place, from 1; behind the last when there are not so
    /// many. It ends as the one before it ends.
    ///
    /// # Errors
    /// [`EditError::Header`] before the header, or for another one.
    pub fn insert_segment(&mut self, ordinal: usize, name: SegmentName) -> Result<(), EditError> {
        let ordinal = ordinal.min(self.lines.len());
        if name == SegmentName::MSH || ordinal == 0 {
            return Err(EditError::Header);
        }
        let usual = self.lines.first().map(|line| line.terminator.as_ref());
        let usual = match usual.unwrap_or_default() {
            "" => "\r",
            two if two.starts_with("\r\n") => "\r\n",
            one => one.get(..1).unwrap_or("\r"),
        };
        let usual = usual.to_owned();
        let mut terminator = Cow::Owned(usual.clone());
        if let Some(before) = self.lines.get_mut(ordinal.saturating_sub(1))
            && before.terminator.is_empty()
        {
            // The last segment of a message needs no terminator, but one that is followed does.
            std::mem::swap(&mut before.terminator, &mut terminator);
        }
        let raw = Cow::Owned(name.as_str().to_owned());
        let line = Line {
            name,
            raw,
            terminator,
        };
        self.lines.insert(ordinal, line);
        Ok(())
    }

    /// Takes out the segment that the place names, with its terminator.
    ///
    /// # Errors
    /// [`EditError::NoSegment`], and [`EditError::Header`] for the header.
    pub fn remove_segment(&mut self, at: Location) -> Result<(), EditError> {
        let ordinal = self.known(at)?;
        if ordinal == 0 {
            return Err(EditError::Header);
        }
        self.lines.remove(ordinal);
        Ok(())
    }

    /// The message as text.
    pub fn text(&self) -> String {
        let pieces = self
            .lines
            .iter()
            .flat_map(|line| [&line.raw, &line.terminator]);
        let mut text = String::with_capacity(self.message.text().len());
        text.push_str(self.before);
        pieces.for_each(|piece| text.push_str(piece));
        text
    }

    /// The changed message, read again.
    ///
    /// # Errors
    /// [`ParseError`] when it is over the limits now.
    pub fn finish(self, limits: &Limits) -> Result<Message, ParseError> {
        let message = Message::parse_within(self.text(), limits)?;
        Ok(message.came_in(self.message.charset()))
    }

    fn insert_at(
        &mut self,
        at: Location,
        index: usize,
        content: Content<'_>,
    ) -> Result<(), EditError> {
        let delimiters = self.message.delimiters();
        let place = field_index(at)?;
        let repetitions = self.repetitions(at)?;
        let text = self.line(at)?.raw.to_mut();
        let range = field(text, delimiters, place);
        let range = reach(text, range, delimiters.repetition, index);
        let mut piece = written(content, delimiters);
        if index < repetitions {
            piece.push(char::from(delimiters.repetition));
        }
        text.insert_str(range.start, &piece);
        Ok(())
    }

    /// How many repetitions the field has.
    fn repetitions(&self, at: Location) -> Result<usize, EditError> {
        let delimiters = self.message.delimiters();
        let index = field_index(at)?;
        let line = self.lines.get(self.known(at)?).ok_or(EditError::NoField)?;
        let field = line.raw.split(char::from(delimiters.field)).nth(index);
        Ok(count(field.unwrap_or_default(), delimiters.repetition))
    }

    fn known_repetition(&self, at: Location) -> Result<usize, EditError> {
        let index = at.repetition.unwrap_or_default();
        let known = usize::from(index);
        if known < self.repetitions(at)? {
            return Ok(known);
        }
        Err(EditError::NoRepetition { index })
    }

    fn known(&self, at: Location) -> Result<usize, EditError> {
        let (segment, occurrence) = (at.segment, at.occurrence);
        let ordinal = self.ordinal_of(segment, occurrence);
        ordinal.ok_or(EditError::NoSegment {
            segment,
            occurrence,
        })
    }

    fn line(&mut self, at: Location) -> Result<&mut Line<'m>, EditError> {
        let ordinal = self.known(at)?;
        self.lines.get_mut(ordinal).ok_or(EditError::NoField)
    }
}

/// Which piece between field separators the field is: in MSH the separator itself is field 1.
fn field_index(at: Location) -> Result<usize, EditError> {
    let number = at.field.filter(|number| *number > 0);
    let number = usize::from(number.ok_or(EditError::NoField)?);
    match (at.segment == SegmentName::MSH, number) {
        (true, 1 | 2) => Err(EditError::Delimiters),
        (true, number) => Ok(number.saturating_sub(1)),
        (false, number) => Ok(number),
    }
}

/// The way from the field to the place: delimiters, and which piece between them. A component of no
/// repetition in particular is one of the first.
fn steps(at: Location, delimiters: Delimiters) -> Result<Vec<(u8, usize)>, EditError> {
    let component = at.component.or(at.subcomponent.map(|_deeper| 1));
    let repetition = at.repetition.or(component.map(|_deeper| 0));
    let from_one = |number: u16| number.checked_sub(1).ok_or(EditError::NoField);
    let component = component.map(from_one).transpose()?;
    let subcomponent = at.subcomponent.map(from_one).transpose()?;
    let steps = [
        (delimiters.repetition, repetition),
        (delimiters.component, component),
        (delimiters.subcomponent, subcomponent),
    ];
    let steps = steps.into_iter();
    Ok(steps
        .filter_map(|(delimiter, index)| Some((delimiter, usize::from(index?))))
        .collect())
}

fn field(text: &mut String, delimiters: Delimiters, index: usize) -> Range<usize> {
    let whole = 0..text.len();
    reach(text, whole, delimiters.field, index)
}

fn written(content: Content<'_>, delimiters: Delimiters) -> String {
    let mut text = String::new();
    content.push(delimiters, &mut text);
    text
}
