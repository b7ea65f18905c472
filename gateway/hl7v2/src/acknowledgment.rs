//! Acknowledgments: building the answer to a message in the form of the sender's version, and
//! reading a peer's answer. When which code is due is decided by the listener, not here.

use std::borrow::Cow;

use thiserror::Error;

use crate::delimiters::Delimiters;
use crate::dictionary::rank;
use crate::error_condition::Condition;
use crate::field::Field;
use crate::header::Header;
use crate::message::{Message, Segment};
use crate::message_builder::{FieldWriter, MessageBuilder, SegmentWriter};
use crate::segment_name::SegmentName;

/// The version an answer claims when the sender's is not known.
const DEFAULT_VERSION: &str = "2.5.1";

/// MSA-1 (table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcknowledgmentCode {
    /// `AA`: taken over, original mode or application level.
    ApplicationAccept,
    /// `AE`: an error in it; do not send it again as it is.
    ApplicationError,
    /// `AR`: refused for a reason outside its content.
    ApplicationReject,
    /// `CA`: on stable storage, enhanced mode.
    CommitAccept,
    /// `CE`: could not be stored.
    CommitError,
    /// `CR`: refused, enhanced mode.
    CommitReject,
}

impl AcknowledgmentCode {
    /// The code as MSA-1 carries it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationAccept => "AA",
            Self::ApplicationError => "AE",
            Self::ApplicationReject => "AR",
            Self::CommitAccept => "CA",
            Self::CommitError => "CE",
            Self::CommitReject => "CR",
        }
    }

    /// The code in this text.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "AA" => Self::ApplicationAccept,
            "AE" => Self::ApplicationError,
            "AR" => Self::ApplicationReject,
            "CA" => Self::CommitAccept,
            "CE" => Self::CommitError,
            "CR" => Self::CommitReject,
            _ => return None,
        })
    }

    /// Whether the receiver has taken the message over.
    pub fn is_positive(self) -> bool {
        matches!(self, Self::ApplicationAccept | Self::CommitAccept)
    }
}

/// What an answer says beyond what follows from the message it answers.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'r> {
    /// MSA-1.
    pub code: AcknowledgmentCode,
    /// MSH-10 of the answer: an id of its own.
    pub control_id: &'r str,
    /// MSH-7 of the answer, as an HL7 time (`20260131120000+0000`).
    pub time: &'r str,
    /// MSA-4, the expected sequence number; none where messages are not numbered.
    pub expected: Option<&'r str>,
    /// MSH-15 and MSH-16 of the answer, for an application acknowledgment: whether an accept
    /// acknowledgment of it is wanted (`AL`, `NE`); an answer to it never is. None for the answers
    /// that are acknowledged by nothing.
    pub accept: Option<&'r str>,
    /// What was wrong, one ERR (or one repetition of ERR-1 up to 2.4) each.
    pub conditions: &'r [Condition],
}

/// Builds the answer to the message of that header; to none when not even a header could be read.
///
/// It uses the sender's delimiters, version, processing id and character set, swaps sender and
/// receiver, and echoes MSH-10 in MSA-2, empty when there is none. The text is UTF-8: encode it
/// with [`crate::charset::encode`] before sending when the sender's character set is another.
/// See HL7 v2.5.1 chapter 2, sections 2.9 and 2.15.5, 2.15.8, 2.15.9.
pub fn build(original: Option<Header<'_>>, reply: &Reply<'_>) -> String {
    let delimiters =
        original.map_or_else(Delimiters::default, |header| header.segment().delimiters());
    let version = original
        .map(|header| header.version())
        .filter(|version| !version.is_empty());
    let version = version.unwrap_or(Cow::Borrowed(DEFAULT_VERSION));
    let before_2_5 = is_before(&version, "2.5");
    let mut answer = MessageBuilder::new(delimiters);
    answer.segment(SegmentName::MSH, |header| {
        write_header(header, original, reply, &version);
    });
    answer.segment(SegmentName::MSA, |msa| {
        msa.field(reply.code.as_str());
        copy(msa, original, 10);
        let first = reply.conditions.first().filter(|_| before_2_5);
        msa.field(first.map_or("", |first| first.code.text()));
        msa.field(reply.expected.unwrap_or_default());
        // MSA-6 came with 2.2; from 2.5 on it is kept for old receivers alone, as MSA-3 is.
        if let Some(first) = first.filter(|_| !is_before(&version, "2.2")) {
            let number = first.code.number().to_string();
            msa.skip(1);
            msa.components([&number, first.code.text(), "HL70357"]);
        }
    });
    if before_2_5 && !reply.conditions.is_empty() {
        answer.segment(SegmentName::ERR, |error| {
            error.parts(|field| write_old_errors(field, reply.conditions));
        });
    } else {
        for condition in reply.conditions {
            answer.segment(SegmentName::ERR, |error| write_error(error, condition));
        }
    }
    answer.text()
}

/// A version that is none (`two`) is taken for a new one.
fn is_before(version: &str, bound: &str) -> bool {
    rank(version).is_some_and(|numbers| Some(numbers) < rank(bound))
}

/// The next field, as the header that is answered has that one.
fn copy(segment: &mut SegmentWriter<'_>, original: Option<Header<'_>>, number: usize) {
    match original {
        Some(header) => segment.copy(header.segment().field(number)),
        None => segment.skip(1),
    };
}

fn write_header(
    msh: &mut SegmentWriter<'_>,
    original: Option<Header<'_>>,
    reply: &Reply<'_>,
    version: &str,
) {
    for number in [5, 6, 3, 4] {
        copy(msh, original, number);
    }
    msh.field(reply.time).skip(1);
    let event = original.map(|header| header.event()).unwrap_or_default();
    // MSH-9: the type alone up to 2.2, with the event in 2.3, with the structure from 2.3.1 on.
    if event.is_empty() || is_before(version, "2.3") {
        msh.field("ACK");
    } else if is_before(version, "2.3.1") {
        msh.components(["ACK", &event]);
    } else {
        msh.components(["ACK", &event, "ACK"]);
    }
    msh.field(reply.control_id);
    let processing = original.map(|header| header.segment().field(11));
    match processing.filter(|sent| !sent.raw().is_empty()) {
        Some(sent) => msh.copy(sent),
        None => msh.field("P"),
    };
    msh.field(version).skip(2);
    match reply.accept {
        Some(accept) => msh.field(accept).field("NE").skip(1),
        None => msh.skip(3),
    };
    copy(msh, original, 18);
}

/// ERR up to 2.4: ERR-1 repeats, `segment^sequence^field^code&text&table`.
fn write_old_errors(field: &mut FieldWriter<'_>, conditions: &[Condition]) {
    for (place, condition) in conditions.iter().enumerate() {
        if place > 0 {
            field.repeat();
        }
        let location = condition.location.map(|location| location.error_location());
        let location = location.unwrap_or_default();
        for part in 0..3 {
            field.component(location.get(part).map_or("", String::as_str));
        }
        field.component(condition.code.number().to_string().as_str());
        field.subcomponent(condition.code.text());
        field.subcomponent("HL70357");
    }
}

/// ERR from 2.5 on: ERR-2 the place, ERR-3 the code, ERR-4 the severity.
fn write_error(error: &mut SegmentWriter<'_>, condition: &Condition) {
    let location = condition.location.map(|location| location.error_location());
    let number = condition.code.number().to_string();
    error
        .skip(1)
        .components(location.iter().flatten().map(String::as_str))
        .components([&number, condition.code.text(), "HL70357"])
        .field(condition.severity.as_str());
}

/// A peer's answer to a message of ours. It holds codes and ids, never the peer's free texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgment {
    /// MSA-1.
    pub code: AcknowledgmentCode,
    /// MSA-2: the control id of the message that is answered.
    pub control_id: String,
    /// The codes of what was wrong (table 0357), from ERR-3.1, ERR-1.4.1 or MSA-6.1.
    pub error_codes: Vec<String>,
}

/// Why a message is not an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AcknowledgmentError {
    /// It has no MSA.
    #[error("the answer has no MSA segment; the peer did not send an acknowledgment")]
    NoMsa,
    /// MSA-1 is not a code of table 0008.
    #[error("MSA-1 of the answer is not a code of table 0008 (AA, AE, AR, CA, CE, CR)")]
    UnknownCode,
}

impl Acknowledgment {
    /// Reads a peer's answer.
    ///
    /// # Errors
    /// See [`AcknowledgmentError`].
    pub fn read(message: &Message) -> Result<Self, AcknowledgmentError> {
        let msa = message
            .first(SegmentName::MSA)
            .ok_or(AcknowledgmentError::NoMsa)?;
        let code = msa.field(1).component(1).value().unwrap_or_default();
        let code = AcknowledgmentCode::from_text(&code).ok_or(AcknowledgmentError::UnknownCode)?;
        let control_id = msa.field(2).value().unwrap_or_default().into_owned();
        let mut error_codes: Vec<String> = message
            .segments()
            .filter(|segment| segment.name() == SegmentName::ERR)
            .flat_map(|segment| codes_of(&segment))
            .collect();
        if error_codes.is_empty() {
            error_codes.extend(first_value(msa.field(6)));
        }
        Ok(Self {
            code,
            control_id,
            error_codes,
        })
    }
}

fn codes_of(segment: &Segment<'_>) -> Vec<String> {
    if let Some(code) = first_value(segment.field(3)) {
        return vec![code];
    }
    let old = segment.field(1).repetitions();
    old.filter_map(|one| {
        one.component(4)
            .subcomponent(1)
            .value()
            .map(Cow::into_owned)
    })
    .collect()
}

fn first_value(field: Field<'_>) -> Option<String> {
    field.component(1).value().map(Cow::into_owned)
}
