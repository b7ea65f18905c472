//! `Header`, the MSH segment read by the names of its fields.
//! Building the header of an answer is done in `acknowledgment`.

use std::borrow::Cow;

use crate::field::{Component, Field};
use crate::message::{Message, Segment};
use crate::segment_name::SegmentName;

/// How much of a header line is looked at when the message itself cannot be read, in bytes.
const SALVAGE_MAX: usize = 4096;

/// A view of MSH (HL7 v2.5.1 chapter 2, section 2.15.9). Texts are unescaped; empty when absent.
#[derive(Debug, Clone, Copy)]
pub struct Header<'m>(Segment<'m>);

impl<'m> Header<'m> {
    /// The header of a message.
    pub fn of(message: &'m Message) -> Option<Self> {
        message
            .segment(0)
            .filter(|first| first.name() == SegmentName::MSH)
            .map(Self)
    }

    /// The segment itself.
    pub fn segment(&self) -> Segment<'m> {
        self.0
    }

    /// MSH-3, an HD; its component 1 is the name by which senders are told apart.
    pub fn sending_application(&self) -> Field<'m> {
        self.0.field(3)
    }

    /// MSH-4, an HD.
    pub fn sending_facility(&self) -> Field<'m> {
        self.0.field(4)
    }

    /// MSH-5, an HD.
    pub fn receiving_application(&self) -> Field<'m> {
        self.0.field(5)
    }

    /// MSH-6, an HD.
    pub fn receiving_facility(&self) -> Field<'m> {
        self.0.field(6)
    }

    /// MSH-7, the date and time of the message, as sent.
    pub fn time(&self) -> Cow<'m, str> {
        text(self.0.field(7).component(1))
    }

    /// MSH-9.1, such as `ADT`.
    pub fn message_type(&self) -> Cow<'m, str> {
        text(self.0.field(9).component(1))
    }

    /// MSH-9.2, such as `A01`; empty where the sender's version knows none.
    pub fn event(&self) -> Cow<'m, str> {
        text(self.0.field(9).component(2))
    }

    /// MSH-9.3, such as `ADT_A01`; from 2.3.1 on, and often left out.
    pub fn structure(&self) -> Cow<'m, str> {
        text(self.0.field(9).component(3))
    }

    /// MSH-10, the message control id.
    pub fn control_id(&self) -> Cow<'m, str> {
        self.0.field(10).value().unwrap_or_default()
    }

    /// MSH-11.1: `P` production, `T` training, `D` debugging.
    pub fn processing_id(&self) -> Cow<'m, str> {
        text(self.0.field(11).component(1))
    }

    /// MSH-12.1, such as `2.5.1`.
    pub fn version(&self) -> Cow<'m, str> {
        text(self.0.field(12).component(1))
    }

    /// MSH-15, when an accept acknowledgment is wanted: `AL`, `NE`, `ER`, `SU` (table 0155).
    pub fn accept_acknowledgment(&self) -> Cow<'m, str> {
        text(self.0.field(15).component(1))
    }

    /// MSH-16, when an application acknowledgment is wanted (table 0155).
    pub fn application_acknowledgment(&self) -> Cow<'m, str> {
        text(self.0.field(16).component(1))
    }

    /// MSH-18, the character sets, one a repetition.
    pub fn character_sets(&self) -> Field<'m> {
        self.0.field(18)
    }

    /// Whether the sender speaks the enhanced mode: MSH-15 or MSH-16 is valued (HL7 v2.5.1
    /// chapter 2, section 2.9.2).
    pub fn is_enhanced_mode(&self) -> bool {
        !self.accept_acknowledgment().is_empty() || !self.application_acknowledgment().is_empty()
    }
}

fn text(component: Component<'_>) -> Cow<'_, str> {
    component.value().unwrap_or_default()
}

/// The header line alone of bytes that are not a readable message, so that they can be answered;
/// none when there is no usable MSH line in the first 4096 bytes.
///
/// What is not ASCII becomes `?`: this is for the answer's MSH and MSA, never for translation.
pub fn salvage(bytes: &[u8]) -> Option<Message> {
    let bytes = bytes.get(..SALVAGE_MAX).unwrap_or(bytes);
    let start = memchr::memmem::find(bytes, b"MSH")?;
    let line = bytes.get(start..)?;
    let end = memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
    let ascii = line.get(..end)?.iter().map(|&byte| match byte {
        b' '..=b'~' => byte,
        _ => b'?',
    });
    Message::parse(ascii.collect::<Vec<u8>>()).ok()
}
