//! `MessageBuilder`, a new message from its segments in order. Changing a message that was received
//! is done in `message_editor`.

use std::fmt;

use crate::content::Content;
use crate::delimiters::Delimiters;
use crate::error::ParseError;
use crate::field::{Field, Presence, Subcomponent};
use crate::message::Message;
use crate::segment_name::SegmentName;

/// Writes a message, segment after segment; each ends in a carriage return.
///
/// ```
/// # use isthmus_hl7v2::{delimiters::Delimiters, message_builder::MessageBuilder};
/// # use isthmus_hl7v2::{content::Content, segment_name::SegmentName};
/// let mut builder = MessageBuilder::new(Delimiters::default());
/// builder.segment(SegmentName::MSH, |header| {
///     header.field("LAB").skip(5).components(["ACK", "A01"]);
/// });
/// builder.segment(SegmentName::MSA, |answer| {
///     answer.field("AA").field("42").field(Content::Empty);
/// });
/// assert_eq!(builder.text(), "MSH|^~\\&|LAB||||||ACK^A01\rMSA|AA|42\r");
/// ```
#[derive(Clone)]
pub struct MessageBuilder {
    text: String,
    delimiters: Delimiters,
}

impl fmt::Debug for MessageBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageBuilder({} bytes)", self.text.len())
    }
}

impl MessageBuilder {
    /// A message with these delimiters, and nothing in it. Its first segment has to be MSH.
    pub fn new(delimiters: Delimiters) -> Self {
        Self {
            text: String::new(),
            delimiters,
        }
    }

    /// Appends a segment. In MSH, and in BHS and FHS around messages, the separator and the
    /// encoding characters are there already, so the first field is the third. Empty fields at the
    /// end are left out.
    pub fn segment(&mut self, name: SegmentName, write: impl FnOnce(&mut SegmentWriter<'_>)) {
        self.text.push_str(name.as_str());
        let delimiters = self.delimiters;
        if matches!(name, SegmentName::MSH | SegmentName::BHS | SegmentName::FHS) {
            self.text.push(char::from(delimiters.field));
            self.text.push_str(&delimiters.encoding_characters());
        }
        let text = &mut self.text;
        write(&mut SegmentWriter { text, delimiters });
        let separator = char::from(delimiters.field);
        let kept = self.text.trim_end_matches(separator).len();
        self.text.truncate(kept);
        self.text.push('\r');
    }

    /// The message as text.
    pub fn text(self) -> String {
        self.text
    }

    /// The message, read again.
    ///
    /// # Errors
    /// What is no message: one that does not begin with MSH, or is over the limits.
    pub fn finish(self) -> Result<Message, ParseError> {
        Message::parse(self.text)
    }
}

/// Writes the fields of one segment in order.
pub struct SegmentWriter<'b> {
    text: &'b mut String,
    delimiters: Delimiters,
}

impl fmt::Debug for SegmentWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentWriter({} bytes)", self.text.len())
    }
}

impl SegmentWriter<'_> {
    /// The next field.
    pub fn field<'t>(&mut self, content: impl Into<Content<'t>>) -> &mut Self {
        self.parts(|field| field.component(content))
    }

    /// The next field, of these components.
    pub fn components<'t>(
        &mut self,
        components: impl IntoIterator<Item = impl Into<Content<'t>>>,
    ) -> &mut Self {
        self.parts(|field| components.into_iter().for_each(|one| field.component(one)))
    }

    /// The next field, of repetitions, components and subcomponents.
    pub fn parts(&mut self, write: impl FnOnce(&mut FieldWriter<'_>)) -> &mut Self {
        self.skip(1);
        let mut field = FieldWriter {
            text: self.text,
            delimiters: self.delimiters,
            has_component: false,
        };
        write(&mut field);
        self
    }

    /// Leaves that many fields empty.
    pub fn skip(&mut self, fields: usize) -> &mut Self {
        let separator = char::from(self.delimiters.field);
        self.text.extend(std::iter::repeat_n(separator, fields));
        self
    }

    /// The next field as it stands in a message. Where that has the same delimiters it is the same
    /// text; else each part is written anew, and what `value` leaves out is left out.
    pub fn copy(&mut self, field: Field<'_>) -> &mut Self {
        if field.delimiters() == self.delimiters && !field.is_literal() {
            self.skip(1);
            self.text.push_str(field.raw());
            return self;
        }
        self.parts(|copy| {
            for (place, repetition) in field.repetitions().enumerate() {
                if place > 0 {
                    copy.repeat();
                }
                for component in repetition.components() {
                    copy.subcomponents(component.subcomponents());
                }
            }
        })
    }
}

/// Writes the parts of one field in order.
pub struct FieldWriter<'b> {
    text: &'b mut String,
    delimiters: Delimiters,
    has_component: bool,
}

impl fmt::Debug for FieldWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldWriter({} bytes)", self.text.len())
    }
}

impl FieldWriter<'_> {
    /// The next component.
    pub fn component<'t>(&mut self, content: impl Into<Content<'t>>) {
        if self.has_component {
            self.text.push(char::from(self.delimiters.component));
        }
        self.has_component = true;
        content.into().push(self.delimiters, self.text);
    }

    /// The next subcomponent of the component that was begun last.
    pub fn subcomponent<'t>(&mut self, content: impl Into<Content<'t>>) {
        self.text.push(char::from(self.delimiters.subcomponent));
        content.into().push(self.delimiters, self.text);
    }

    /// Begins the next repetition.
    pub fn repeat(&mut self) {
        self.text.push(char::from(self.delimiters.repetition));
        self.has_component = false;
    }

    /// The next component, of the subcomponents of another.
    fn subcomponents<'m>(&mut self, parts: impl Iterator<Item = Subcomponent<'m>>) {
        self.component(Content::Empty);
        for (place, part) in parts.enumerate() {
            if place > 0 {
                self.subcomponent(Content::Empty);
            }
            match part.presence() {
                Presence::Null => Content::Null.push(self.delimiters, self.text),
                Presence::Absent | Presence::Empty | Presence::Value => {
                    let value = part.value().unwrap_or_default();
                    Content::Text(&value).push(self.delimiters, self.text);
                }
            }
        }
    }
}
