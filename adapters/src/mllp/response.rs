//! What the answer to a message means for its record; pure.

use std::collections::BTreeMap;

use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode;

use crate::adapter::{Call, Judgement, Reply};
use crate::mllp::config::Treatment;
use crate::mllp_message::PeerAnswer;

/// What the configuration says of answers: by MSA-1 alone, `AE`, or with the condition, `AE-207`.
pub(crate) type Answers = BTreeMap<String, Treatment>;

/// A positive acknowledgment settles a record. A message that did not leave would not leave for any
/// record; one that may have arrived is repeated under the same control id.
pub(crate) fn judge(answers: &Answers, call: &Call, reply: Reply) -> Judgement {
    let outcome = match reply {
        Reply::Mllp(answer) => answered(answers, answer),
        Reply::HeldBack(code) => DeliveryOutcome::NotTried {
            code: code.to_owned(),
        },
        Reply::NotSent(code) => again(RetryScope::Recipient, code.to_owned()),
        Reply::Lost(code) => unknown(code),
        Reply::Appended
        | Reply::NotAppended(_)
        | Reply::Http { .. }
        | Reply::Amqp(_)
        | Reply::Placed
        | Reply::NotPlaced(_) => unknown("unexpected-reply"),
    };
    Judgement::alike(call, &outcome)
}

fn answered(answers: &Answers, answer: PeerAnswer) -> DeliveryOutcome {
    if answer.code.is_positive() {
        return DeliveryOutcome::Delivered;
    }
    let plain = answer.code.as_str();
    let full = answer.condition.map(|number| format!("{plain}-{number}"));
    let stated = full
        .as_ref()
        .and_then(|full| answers.get(full))
        .or_else(|| answers.get(plain));
    let code = format!("hl7-{}", full.as_deref().unwrap_or(plain));
    match stated.copied().unwrap_or_else(|| usual(answer.code)) {
        Treatment::Retry => again(RetryScope::Record, code),
        Treatment::Pause => again(RetryScope::Recipient, code),
        Treatment::Refuse => DeliveryOutcome::Refused { code },
    }
}

/// An error may pass, and holds up one patient until it is tried for too long; what is rejected is
/// parked at once.
const fn usual(code: AcknowledgmentCode) -> Treatment {
    match code {
        AcknowledgmentCode::ApplicationError | AcknowledgmentCode::CommitError => Treatment::Retry,
        AcknowledgmentCode::ApplicationReject | AcknowledgmentCode::CommitReject => {
            Treatment::Refuse
        }
        // Positive; not asked.
        AcknowledgmentCode::ApplicationAccept | AcknowledgmentCode::CommitAccept => {
            Treatment::Retry
        }
    }
}

const fn again(scope: RetryScope, code: String) -> DeliveryOutcome {
    let after = None;
    DeliveryOutcome::Retry { scope, after, code }
}

fn unknown(code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::Unknown { code }
}
