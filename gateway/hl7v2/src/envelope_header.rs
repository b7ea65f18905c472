//! `EnvelopeHeader`, a BHS or FHS segment read by the names of its fields. Where it lies is found
//! by `batch`, the header of the answer is written by `batch_response`.

use std::borrow::Cow;

use crate::delimiters::Delimiters;
use crate::field::Field;
use crate::header::{Header, salvage};
use crate::message::{Message, Segment};

/// A view of BHS or FHS (HL7 v2.5.1 chapter 2, sections 2.15.2 and 2.15.6), whose fields 1 to 8 are
/// those of MSH. What is not ASCII is `?`: this is for answers and for names, not for translation.
#[derive(Debug, Clone)]
pub struct EnvelopeHeader {
    line: Message,
    /// Whether a message's header stands in for one that is not there.
    is_stand_in: bool,
}

impl EnvelopeHeader {
    /// Reads the line; none when it does not even state its delimiters.
    pub fn read(line: &[u8]) -> Option<Self> {
        let fields = line.get(3..)?;
        let line = salvage(&[b"MSH", fields].concat())?;
        let is_stand_in = false;
        Some(Self { line, is_stand_in })
    }

    /// The header of the first message, where messages come without BHS.
    pub fn standing_in(message: &Message) -> Option<Self> {
        let header = Header::of(message)?;
        let line = salvage(header.segment().raw().as_bytes())?;
        let is_stand_in = true;
        Some(Self { line, is_stand_in })
    }

    /// What it separates its fields by.
    pub fn delimiters(&self) -> Delimiters {
        self.line.delimiters()
    }

    /// BHS-3 or FHS-3.1, the name of the sending application; empty when absent.
    pub fn sending_application(&self) -> Cow<'_, str> {
        self.name(3)
    }

    /// BHS-4 or FHS-4.1, the name of the sending facility; empty when absent.
    pub fn sending_facility(&self) -> Cow<'_, str> {
        self.name(4)
    }

    /// BHS-11 or FHS-11, by which an answer names the batch or file.
    pub fn control_id(&self) -> Option<Field<'_>> {
        if self.is_stand_in {
            return None;
        }
        self.field(11)
    }

    pub(crate) fn field(&self, number: usize) -> Option<Field<'_>> {
        self.segment().map(|segment| segment.field(number))
    }

    fn name(&self, number: usize) -> Cow<'_, str> {
        let value = self
            .field(number)
            .and_then(|field| field.component(1).value());
        value.unwrap_or_default()
    }

    fn segment(&self) -> Option<Segment<'_>> {
        self.line.segment(0)
    }
}
