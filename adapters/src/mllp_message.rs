//! `MllpCall`, one HL7 v2 message as it is planned, and what its receiver says to it. How it is
//! sent is in `mllp_client`, what an answer means for the record in `mllp::response`.

use bytes::Bytes;
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;
use isthmus_hl7v2::acknowledgment::{Acknowledgment, AcknowledgmentCode};
use isthmus_hl7v2::message::Message;

/// The longest number of a condition that is read: table 0357 has three digits.
const CONDITION_DIGITS_MAX: usize = 3;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MllpCall {
    /// MSH-10, which its acknowledgment must name.
    pub control_id: String,
    /// The message as it leaves, without its frame.
    pub message: Phi<Bytes>,
    /// The delivery that it holds.
    pub record: DeliveryId,
}

/// What a receiver says to a message: codes and numbers, never a text of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAnswer {
    /// MSA-1.
    pub code: AcknowledgmentCode,
    /// What was wrong, the first condition that it names, as a number of table 0357.
    pub condition: Option<u16>,
}

/// Why bytes are no answer to a message. Whether it arrived is not known then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFault {
    /// No HL7 v2 message, or one without a code of table 0008 in MSA-1.
    Unreadable,
    /// MSA-2 is empty.
    WithoutId,
    /// MSA-2 names another message.
    OfAnother,
}

impl AnswerFault {
    /// The code by which the attempt is told of.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "ack-unreadable",
            Self::WithoutId => "ack-without-id",
            Self::OfAnother => "ack-of-another",
        }
    }
}

impl PeerAnswer {
    /// Reads what came in a frame as the answer to the message of this control id.
    ///
    /// What is read is ASCII in every character set of a message, so that other bytes, as in a
    /// text of MSA-3, need not be decoded.
    ///
    /// # Errors
    /// Why it is none. An answer that names another message is never taken for this one's.
    pub fn read(frame: Vec<u8>, control_id: &str) -> Result<Self, AnswerFault> {
        let ascii = |byte: u8| if byte.is_ascii() { byte } else { b'?' };
        let bytes: Vec<u8> = frame.into_iter().map(ascii).collect();
        let message = Message::parse(bytes).map_err(|_text| AnswerFault::Unreadable)?;
        let answer = Acknowledgment::read(&message).map_err(|_text| AnswerFault::Unreadable)?;
        if answer.control_id.is_empty() {
            return Err(AnswerFault::WithoutId);
        }
        if answer.control_id != control_id {
            return Err(AnswerFault::OfAnother);
        }
        Ok(Self {
            code: answer.code,
            condition: answer.error_codes.first().and_then(|text| number(text)),
        })
    }
}

/// A number of table 0357. Whatever else stands there may be anything, so it is not told.
fn number(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = text.len() <= CONDITION_DIGITS_MAX;
    (is_number && is_short).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "MSH|^~\\&|LAB|NORTH|||20260310120000||ACK^A08|7|P|2.5.1\r";

    fn read(rest: &str) -> Result<PeerAnswer, AnswerFault> {
        PeerAnswer::read(format!("{HEAD}{rest}").into_bytes(), "id1")
    }

    fn told(code: AcknowledgmentCode, condition: Option<u16>) -> PeerAnswer {
        PeerAnswer { code, condition }
    }

    #[test]
    fn codes_and_the_first_condition_are_read_in_every_form_of_err() {
        let error = AcknowledgmentCode::ApplicationError;
        let accept = AcknowledgmentCode::CommitAccept;
        assert_eq!(read("MSA|CA|id1\r"), Ok(told(accept, None)));
        let new = "MSA|AE|id1\rERR||PID^1^3|101^Required^HL70357|E\rERR|||103|E\r";
        assert_eq!(read(new), Ok(told(error, Some(101))));
        assert_eq!(
            read("MSA|AE|id1\rERR|PID^1^3^207&Text\r"),
            Ok(told(error, Some(207)))
        );
        assert_eq!(read("MSA|AE|id1||||204\r"), Ok(told(error, Some(204))));
    }

    #[test]
    fn what_is_no_number_is_not_told() {
        let error = AcknowledgmentCode::ApplicationError;
        for text in ["MARLOW", "19840617", "1 2", "-1"] {
            assert_eq!(
                read(&format!("MSA|AE|id1\rERR|||{text}|E\r")),
                Ok(told(error, None))
            );
        }
    }

    #[test]
    fn texts_of_any_character_set_stand_beside_what_is_read() {
        let mut bytes = format!("{HEAD}MSA|AA|id1|Gr").into_bytes();
        bytes.extend_from_slice(&[0xFC, 0xDF, 0xE9, b'\r']);
        let accept = AcknowledgmentCode::ApplicationAccept;
        assert_eq!(PeerAnswer::read(bytes, "id1"), Ok(told(accept, None)));
    }

    #[test]
    fn nothing_else_is_an_answer() {
        for (rest, fault) in [
            ("MSA|AA|id2\r", AnswerFault::OfAnother),
            ("MSA|AA|ID1\r", AnswerFault::OfAnother),
            ("MSA|AA|id1^\r", AnswerFault::OfAnother),
            ("MSA|AA|id\r", AnswerFault::OfAnother),
            ("MSA|AA|\r", AnswerFault::WithoutId),
            ("MSA|AA\r", AnswerFault::WithoutId),
            ("MSA|OK|id1\r", AnswerFault::Unreadable),
            ("MSA||id1\r", AnswerFault::Unreadable),
            ("MSA\r", AnswerFault::Unreadable),
            ("", AnswerFault::Unreadable),
            ("no segment\rMSA|AA|id1\r", AnswerFault::Unreadable),
        ] {
            assert_eq!(read(rest), Err(fault), "{rest}");
        }
        let without_header = b"MSA|AA|id1\r".to_vec();
        let found = PeerAnswer::read(without_header, "id1");
        assert_eq!(found, Err(AnswerFault::Unreadable));
    }
}
