//! What a sender is told: the acknowledgement that follows from the outcome, the sender's table and
//! the mode its header asks for. The segments themselves are written by `isthmus_hl7v2`.

use std::sync::atomic::{AtomicU64, Ordering};

use isthmus_core::clock::Timestamp;
use isthmus_core::refusal::Reason;
use isthmus_hl7v2::acknowledgment::{AcknowledgmentCode, Reply, build};
use isthmus_hl7v2::charset::encode;
use isthmus_hl7v2::error_condition::{Condition, ConditionCode, Severity};
use isthmus_hl7v2::header::Header;

use crate::acknowledgement_table::NegativeCode;
use crate::origin::Origin;
use crate::receipt::Receipt;
use crate::rejection::Rejection;

/// Bits of a control id that count within one millisecond.
const COUNT_BITS: u32 = 22;

/// Gives acknowledgements their own control ids (MSH-10): sixteen hexadecimal digits, different for
/// each of four million acknowledgements in one millisecond.
#[derive(Debug, Default)]
pub struct ControlIds(AtomicU64);

impl ControlIds {
    pub(crate) fn next(&self, now: Timestamp) -> String {
        let count = self.0.fetch_add(1, Ordering::Relaxed) & ((1 << COUNT_BITS) - 1);
        let millis = now.unix_millis().unsigned_abs() << COUNT_BITS;
        format!("{:016X}", millis | count)
    }
}

/// The acknowledgement of one message, without its frame; none when the sender wants none.
///
/// Without MSH-15 and MSH-16 the original mode applies: `AA`, `AE` or `AR`, always. With one of
/// them the enhanced mode: `CA`, `CE` or `CR` when MSH-15 asks for it (HL7 table 0155: `AL` always,
/// `ER` on errors, `SU` on success, `NE` never; anything else, and an empty MSH-15, counts as
/// `AL`, because silence would stop the sender). See HL7 v2.5.1 chapter 2, section 2.9.
///
/// The application acknowledgement that MSH-16 asks for is not sent: it would tell of the
/// translation, which runs after the message is stored.
pub fn acknowledge(
    outcome: &Result<Receipt, Rejection>,
    origin: &Origin,
    own_ids: &ControlIds,
    now: Timestamp,
) -> Option<Vec<u8>> {
    let header = origin.header.as_ref().and_then(Header::of);
    let enhanced = header.is_some_and(|header| header.is_enhanced_mode());
    if let Some(header) = header
        && enhanced
        && !wanted(&header.accept_acknowledgment(), outcome.is_ok())
    {
        return None;
    }
    let expected = match outcome {
        Ok(receipt) => receipt.told(),
        Err(rejection) => rejection.expected,
    };
    let expected = expected.map(|expected| expected.to_string());
    let (code, conditions) = match outcome {
        Ok(receipt) => (positive(*receipt, enhanced), Vec::new()),
        Err(rejection) => {
            let code = negative(origin.table.code(rejection.refusal.reason), enhanced);
            (code, conditions(rejection))
        }
    };
    let time = hl7_time(now);
    let control_id = own_ids.next(now);
    let reply = Reply {
        code,
        control_id: &control_id,
        time: &time,
        expected: expected.as_deref(),
        conditions: &conditions,
    };
    let text = build(header, &reply);
    Some(encode(&text, origin.charset).into_owned())
}

/// The time in the form of HL7.
pub(crate) fn hl7_time(now: Timestamp) -> String {
    now.civil().strftime("%Y%m%d%H%M%S+0000").to_string()
}

/// The one place where a positive code is made; it takes the proof of storage.
const fn positive(_proof: Receipt, enhanced: bool) -> AcknowledgmentCode {
    if enhanced {
        AcknowledgmentCode::CommitAccept
    } else {
        AcknowledgmentCode::ApplicationAccept
    }
}

const fn negative(code: NegativeCode, enhanced: bool) -> AcknowledgmentCode {
    match (code, enhanced) {
        (NegativeCode::Error, false) => AcknowledgmentCode::ApplicationError,
        (NegativeCode::Error, true) => AcknowledgmentCode::CommitError,
        (NegativeCode::Reject, false) => AcknowledgmentCode::ApplicationReject,
        (NegativeCode::Reject, true) => AcknowledgmentCode::CommitReject,
    }
}

fn wanted(accept_type: &str, is_success: bool) -> bool {
    match accept_type {
        "NE" => false,
        "ER" => !is_success,
        "SU" => is_success,
        _ => true,
    }
}

/// What stands in ERR, one or more.
fn conditions(rejection: &Rejection) -> Vec<Condition> {
    if rejection.conditions.is_empty() {
        vec![condition(rejection)]
    } else {
        rejection.conditions.clone()
    }
}

/// What stands in ERR: a code of HL7 table 0357 and the place.
fn condition(rejection: &Rejection) -> Condition {
    let at_field = |number| rejection.location.and_then(|place| place.field) == Some(number);
    let code = match rejection.refusal.reason {
        Reason::Unreadable if at_field(10) => ConditionCode::RequiredFieldMissing,
        Reason::OutOfSequence if rejection.expected.is_none() => {
            ConditionCode::RequiredFieldMissing
        }
        Reason::Unreadable if at_field(13) => ConditionCode::DataType,
        Reason::Unreadable => ConditionCode::SegmentSequence,
        Reason::Charset => ConditionCode::DataType,
        Reason::Unauthorised if at_field(9) => ConditionCode::UnsupportedEvent,
        Reason::Unauthorised => ConditionCode::UnknownKey,
        Reason::NotMapped => ConditionCode::UnsupportedEvent,
        Reason::Oversize
        | Reason::Nonconforming
        | Reason::OutOfSequence
        | Reason::StoreUnavailable
        | Reason::Unmappable
        | Reason::Unshapeable
        | Reason::Unopenable
        | Reason::RefusedByDestination
        | Reason::ConsentChanged
        | Reason::PolicyChanged
        | Reason::TriedTooLong
        | Reason::ConsentUnavailable
        | Reason::ConsentLost
        | Reason::Review
        | Reason::Restriction => ConditionCode::Internal,
    };
    Condition {
        location: rejection.location,
        code,
        severity: Severity::Error,
    }
}
