//! What the broker's answer to a message means for its record; pure.

use isthmus_core::destination::{DeliveryOutcome, RetryScope};

use crate::adapter::{Call, Judgement, Reply};
use crate::amqp_message::BrokerReply;

/// The broker closes a channel with this code over a message that no attempt would get in, such as
/// one above its largest size.
const PRECONDITION_FAILED: u16 = 406;

/// A confirm settles a record. A message that did not leave would not leave for any record; one
/// that may have arrived is repeated under the same id.
pub(crate) fn judge(call: &Call, reply: Reply) -> Judgement {
    let outcome = match reply {
        Reply::Amqp(reply) => answered(reply),
        Reply::HeldBack(code) => DeliveryOutcome::NotTried {
            code: code.to_owned(),
        },
        Reply::NotSent(code) => again(RetryScope::Recipient, code),
        Reply::Lost(code) => unknown(code),
        Reply::Appended
        | Reply::NotAppended(_)
        | Reply::Http { .. }
        | Reply::Mllp(_)
        | Reply::Placed
        | Reply::NotPlaced(_) => unknown("unexpected-reply"),
    };
    Judgement::alike(call, &outcome)
}

fn answered(reply: BrokerReply) -> DeliveryOutcome {
    match reply {
        BrokerReply::Confirmed => DeliveryOutcome::Delivered,
        // A binding is missing. Other kinds of records may have one, so they are not held up; when
        // all are given back, the breaker leaves the recipient alone.
        BrokerReply::Returned(code) => again(RetryScope::Record, &format!("returned-{code}")),
        // A queue is full, or the broker is ill.
        BrokerReply::NotStored => again(RetryScope::Recipient, "nack"),
        BrokerReply::Denied(PRECONDITION_FAILED) => DeliveryOutcome::Refused {
            code: format!("amqp-{PRECONDITION_FAILED}"),
        },
        // The exchange went, or a permission; every record would hear the same.
        BrokerReply::Denied(code) => again(RetryScope::Recipient, &format!("amqp-{code}")),
    }
}

fn again(scope: RetryScope, code: &str) -> DeliveryOutcome {
    DeliveryOutcome::Retry {
        scope,
        after: None,
        code: code.to_owned(),
    }
}

fn unknown(code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::Unknown { code }
}
