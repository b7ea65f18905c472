//! Acknowledgments: building the answer to a message in the form of the sender's version, and
//! reading a peer's answer. When which code is due is decided by the listener, not here.

use std::borrow::Cow;

use thiserror::Error;

use crate::delimiters::Delimiters;
use crate::dictionary::rank;
use crate::error_condition::Condition;
use crate::escape::escape;
use crate::field::Field;
use crate::header::Header;
use crate::message::{Message, Segment};
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
    let mut answer = Writer {
        text: String::new(),
        delimiters,
    };
    answer.header(original, reply, &version);
    let control_id = original.map_or("", |header| header.segment().field(10).raw());
    let code = escape(reply.code.as_str(), &delimiters);
    let has_texts = is_before(&version, "2.5");
    let first = reply.conditions.first().filter(|_| has_texts);
    let text = first.map(|first| escape(first.code.text(), &delimiters));
    // MSA-6 came with 2.2; from 2.5 on it is kept for old receivers alone, as MSA-3 is.
    let condition = first.filter(|_| !is_before(&version, "2.2"));
    let condition = condition.map(|first| answer.code(first, delimiters.component));
    let expected = reply.expected.unwrap_or_default();
    let fields = [
        &*code,
        control_id,
        text.as_deref().unwrap_or_default(),
        expected,
        "",
        condition.as_deref().unwrap_or_default(),
    ];
    answer.segment(SegmentName::MSA, &fields);
    if has_texts {
        answer.error_of_old(reply.conditions);
    } else {
        for condition in reply.conditions {
            answer.error(condition);
        }
    }
    answer.text
}

/// A version that is none (`two`) is taken for a new one.
fn is_before(version: &str, bound: &str) -> bool {
    rank(version).is_some_and(|numbers| Some(numbers) < rank(bound))
}

fn join(parts: &[&str], delimiter: u8) -> String {
    parts.join(char::from(delimiter).encode_utf8(&mut [0; 4]))
}

struct Writer {
    text: String,
    delimiters: Delimiters,
}

impl Writer {
    fn header(&mut self, original: Option<Header<'_>>, reply: &Reply<'_>, version: &str) {
        let raw =
            |number: usize| original.map_or("", |header| header.segment().field(number).raw());
        let event = original.map(|header| header.event()).unwrap_or_default();
        let processing = match raw(11) {
            "" => "P",
            sent => sent,
        };
        let encoding = self.delimiters.encoding_characters();
        let message_type = self.message_type(&event, version);
        let time = escape(reply.time, &self.delimiters);
        let own_id = escape(reply.control_id, &self.delimiters);
        let version = escape(version, &self.delimiters);
        // MSH-1 is the separator that `segment` writes after the name.
        let mut fields = vec![
            &encoding,
            raw(5),
            raw(6),
            raw(3),
            raw(4),
            &time,
            "",
            &message_type,
            &own_id,
        ];
        fields.extend([processing, &version]);
        let charset = raw(18);
        if !charset.is_empty() {
            fields.extend(["", "", "", "", "", charset]);
        }
        self.segment(SegmentName::MSH, &fields);
    }

    /// MSH-9: the type alone up to 2.2, with the event in 2.3, with the structure from 2.3.1 on.
    fn message_type(&self, event: &str, version: &str) -> String {
        let event = escape(event, &self.delimiters);
        let parts: &[&str] = if event.is_empty() || is_before(version, "2.3") {
            &["ACK"]
        } else if is_before(version, "2.3.1") {
            &["ACK", &event]
        } else {
            &["ACK", &event, "ACK"]
        };
        join(parts, self.delimiters.component)
    }

    /// ERR up to 2.4: ERR-1 repeats, `segment^sequence^field^code&text&table`.
    fn error_of_old(&mut self, conditions: &[Condition]) {
        if conditions.is_empty() {
            return;
        }
        let repetitions: Vec<String> = conditions
            .iter()
            .map(|one| self.code_and_place(one))
            .collect();
        let repetitions: Vec<&str> = repetitions.iter().map(String::as_str).collect();
        let field = join(&repetitions, self.delimiters.repetition);
        self.segment(SegmentName::ERR, &[&field]);
    }

    /// A code of table 0357, its parts apart by this delimiter.
    fn code(&self, condition: &Condition, delimiter: u8) -> String {
        let number = condition.code.number().to_string();
        let text = escape(condition.code.text(), &self.delimiters);
        join(&[&number, &text, "HL70357"], delimiter)
    }

    fn code_and_place(&self, condition: &Condition) -> String {
        let place = condition.location.map(|location| location.error_location());
        let mut parts = place.unwrap_or_default();
        parts.resize(3, String::new());
        parts.push(self.code(condition, self.delimiters.subcomponent));
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        join(&parts, self.delimiters.component)
    }

    /// ERR from 2.5 on: ERR-2 the place, ERR-3 the code, ERR-4 the severity.
    fn error(&mut self, condition: &Condition) {
        let place = condition.location.map(|location| location.error_location());
        let place: Vec<&str> = place.iter().flatten().map(String::as_str).collect();
        let place = join(&place, self.delimiters.component);
        let code = self.code(condition, self.delimiters.component);
        self.segment(
            SegmentName::ERR,
            &["", &place, &code, condition.severity.as_str()],
        );
    }

    /// Writes a segment; trailing empty fields are left out.
    fn segment(&mut self, name: SegmentName, fields: &[&str]) {
        let last = fields.iter().rposition(|field| !field.is_empty());
        self.text.push_str(name.as_str());
        for field in fields
            .iter()
            .take(last.map_or(0, |last| last.saturating_add(1)))
        {
            self.text.push(char::from(self.delimiters.field));
            self.text.push_str(field);
        }
        self.text.push('\r');
    }
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
