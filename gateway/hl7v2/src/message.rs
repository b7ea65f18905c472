//! `Message`, the bytes of one HL7 v2 message with an index of where its segments and fields lie.
//! Splitting inside a field is done in `field`, decoding to UTF-8 in `charset`, grouping in
//! `structure`.

use std::fmt;

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::error::ParseError;
use crate::field::{Field, Notation};
use crate::segment_name::SegmentName;

/// How large a message may be. The index needs at most four bytes for each byte of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in the message, after decoding; never more than `u32::MAX`.
    pub bytes: usize,
    /// Segments in the message.
    pub segments: usize,
    /// Fields in one segment.
    pub fields: usize,
}

impl Default for Limits {
    /// 16 MiB, 50 000 segments, 1 000 fields in each.
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            segments: 50_000,
            fields: 1_000,
        }
    }
}

/// One message, owned, with its segments and fields indexed (HL7 v2.5.1 chapter 2, section 2.5).
///
/// Its `Debug` says how large it is, never what it holds.
#[derive(Clone)]
pub struct Message {
    text: String,
    notation: Notation,
    segments: Vec<SegmentSpan>,
    /// Where the field separators lie, segment after segment.
    separators: Vec<u32>,
}

#[derive(Clone, Copy)]
struct SegmentSpan {
    name: SegmentName,
    start: u32,
    end: u32,
    /// The segment's first place in `separators`.
    separators: u32,
}

impl Message {
    /// Reads a message in UTF-8 under the default [`Limits`].
    ///
    /// Segments end in CR, LF or both; blank lines are passed over. Nothing else is: a line that
    /// is not a segment is an error.
    ///
    /// # Errors
    /// See [`ParseError`]; every error has a place and none holds text of the message.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, ParseError> {
        Self::parse_within(bytes, &Limits::default())
    }

    /// Reads a message in UTF-8 under the caller's limits.
    ///
    /// # Errors
    /// As [`Message::parse`].
    pub fn parse_within(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, ParseError> {
        let bytes = bytes.into();
        if bytes.len() > limits.bytes || u32::try_from(bytes.len()).is_err() {
            return Err(ParseError::TooLong {
                limit: limits.bytes.min(u32::MAX as usize),
            });
        }
        let text = String::from_utf8(bytes).map_err(|error| ParseError::NotUtf8 {
            offset: to_u32(error.utf8_error().valid_up_to()),
        })?;
        let blank = text
            .bytes()
            .take_while(|&byte| byte == b'\r' || byte == b'\n')
            .count();
        let start = to_u32(blank);
        let header = text.as_bytes().get(blank..).unwrap_or_default();
        let delimiters = Delimiters::read(header, start)?;
        let index = Index::of(text.as_bytes(), delimiters.field, limits)?;
        Ok(Self {
            text,
            notation: Notation {
                delimiters,
                charset: Charset::UTF_8,
                is_literal: false,
            },
            segments: index.segments,
            separators: index.separators,
        })
    }

    /// Says which character set the message came in before it was decoded, UTF-8 when this is not
    /// called: hexadecimal text in it (`\X..\`) may be in that one.
    #[must_use]
    pub fn came_in(mut self, charset: Charset) -> Self {
        self.notation.charset = charset;
        self
    }

    /// The character set it came in.
    pub fn charset(&self) -> Charset {
        self.notation.charset
    }

    /// The message as it was given to the parser.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The message as it was given to the parser, as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Gives the bytes back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    /// The delimiters declared in MSH-1 and MSH-2.
    pub fn delimiters(&self) -> Delimiters {
        self.notation.delimiters
    }

    /// How many segments there are; at least one, the header.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The segments in order.
    pub fn segments(
        &self,
    ) -> impl DoubleEndedIterator<Item = Segment<'_>> + ExactSizeIterator + Clone {
        self.segments
            .iter()
            .enumerate()
            .map(|(ordinal, &span)| Segment {
                message: self,
                span,
                ordinal: to_u32(ordinal),
            })
    }

    /// The segment at `ordinal`, counted from 0.
    pub fn segment(&self, ordinal: usize) -> Option<Segment<'_>> {
        let span = *self.segments.get(ordinal)?;
        Some(Segment {
            message: self,
            span,
            ordinal: to_u32(ordinal),
        })
    }

    /// The first segment of that name.
    pub fn first(&self, name: SegmentName) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.name() == name)
    }

    fn slice(&self, start: u32, end: u32) -> Option<&str> {
        self.text.get(start as usize..end as usize)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Message({} bytes, {} segments)",
            self.text.len(),
            self.segments.len()
        )
    }
}

/// One segment of a message.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    message: &'m Message,
    span: SegmentSpan,
    ordinal: u32,
}

impl<'m> Segment<'m> {
    /// The segment's name.
    pub fn name(&self) -> SegmentName {
        self.span.name
    }

    /// The segment's place in the message, counted from 0.
    pub fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// The delimiters of the message it stands in.
    pub fn delimiters(&self) -> Delimiters {
        self.message.notation.delimiters
    }

    /// Where the segment starts, in bytes of the message.
    pub fn offset(&self) -> u32 {
        self.span.start
    }

    /// The segment as it was sent, without its terminator.
    pub fn raw(&self) -> &'m str {
        self.message
            .slice(self.span.start, self.span.end)
            .unwrap_or_default()
    }

    /// The highest field number sent. In MSH the field separator itself counts as field 1.
    pub fn field_count(&self) -> usize {
        self.separators()
            .len()
            .saturating_add(usize::from(self.is_header()))
    }

    /// The field `number`, counted from 1; absent beyond the last. MSH-1 is the field separator
    /// and MSH-2 the encoding characters; neither is split.
    pub fn field(&self, number: usize) -> Field<'m> {
        let notation = self.message.notation;
        if !self.is_header() {
            return Field::new(self.between(number), notation);
        }
        match number {
            1 => Field::literal(self.raw().get(3..4), notation),
            2 => Field::literal(self.between(1), notation),
            _ => Field::new(self.between(number.saturating_sub(1)), notation),
        }
    }

    /// The fields in order, with their numbers.
    pub fn fields(self) -> impl Iterator<Item = (usize, Field<'m>)> {
        (1..=self.field_count()).map(move |number| (number, self.field(number)))
    }

    /// The text after the separator `number` (from 1), up to the next.
    fn between(&self, number: usize) -> Option<&'m str> {
        let separators = self.separators();
        let start = separators.get(number.checked_sub(1)?)?.saturating_add(1);
        let end = separators.get(number).copied().unwrap_or(self.span.end);
        self.message.slice(start, end)
    }

    fn is_header(&self) -> bool {
        self.span.name == SegmentName::MSH
    }

    fn separators(&self) -> &'m [u32] {
        let first = self.span.separators as usize;
        let next = self
            .message
            .segments
            .get((self.ordinal as usize).saturating_add(1));
        let all = &self.message.separators;
        let last = next.map_or(all.len(), |span| span.separators as usize);
        all.get(first..last).unwrap_or_default()
    }
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Segment({} at {}, {} fields)",
            self.name(),
            self.ordinal,
            self.field_count()
        )
    }
}

/// Bytes from which on the separators of a message are counted before they are noted.
const COUNTED_FROM: usize = 256 << 10;

struct Index {
    segments: Vec<SegmentSpan>,
    separators: Vec<u32>,
}

impl Index {
    /// One pass over the text: segment ends and field separators.
    fn of(text: &[u8], separator: u8, limits: &Limits) -> Result<Self, ParseError> {
        // A large message is looked through once more, so that its index need not grow: for a
        // moment it would take half as much again.
        let separators = if text.len() > COUNTED_FROM {
            memchr::memchr_iter(separator, text).count()
        } else {
            text.len() / 8
        };
        let mut index = Self {
            segments: Vec::with_capacity(16),
            separators: Vec::with_capacity(separators),
        };
        let mut start = 0;
        let mut first = 0;
        for place in memchr::memchr3_iter(separator, b'\r', b'\n', text) {
            if text.get(place) == Some(&separator) {
                index.separators.push(to_u32(place));
                continue;
            }
            index.close(text, start..place, first, limits)?;
            start = place.saturating_add(1);
            first = index.separators.len();
        }
        index.close(text, start..text.len(), first, limits)?;
        Ok(index)
    }

    /// Ends the segment in `range`, whose separators begin at `first`.
    #[inline]
    fn close(
        &mut self,
        text: &[u8],
        range: std::ops::Range<usize>,
        first: usize,
        limits: &Limits,
    ) -> Result<(), ParseError> {
        if range.is_empty() {
            return Ok(());
        }
        let (start, end) = (to_u32(range.start), to_u32(range.end));
        let place = Place {
            ordinal: to_u32(self.segments.len()),
            offset: start,
        };
        let name = text
            .get(range)
            .and_then(|line| SegmentName::new(line.get(..3)?))
            .filter(|_| match self.separators.get(first) {
                Some(&separator) => separator == start.saturating_add(3),
                None => end == start.saturating_add(3),
            })
            .ok_or(place.not_a_segment())?;
        if self.segments.len() >= limits.segments {
            return Err(place.too_many_segments(limits.segments));
        }
        if self.separators.len().saturating_sub(first) > limits.fields {
            return Err(place.too_many_fields(limits.fields));
        }
        self.segments.push(SegmentSpan {
            name,
            start,
            end,
            separators: to_u32(first),
        });
        Ok(())
    }
}

struct Place {
    ordinal: u32,
    offset: u32,
}

impl Place {
    fn not_a_segment(&self) -> ParseError {
        ParseError::NotASegment {
            ordinal: self.ordinal,
            offset: self.offset,
        }
    }

    fn too_many_segments(&self, limit: usize) -> ParseError {
        ParseError::TooManySegments {
            ordinal: self.ordinal,
            offset: self.offset,
            limit,
        }
    }

    fn too_many_fields(&self, limit: usize) -> ParseError {
        ParseError::TooManyFields {
            ordinal: self.ordinal,
            offset: self.offset,
            limit,
        }
    }
}

/// Messages are at most `u32::MAX` bytes, so no place in one is ever beyond that.
#[inline]
fn to_u32(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
