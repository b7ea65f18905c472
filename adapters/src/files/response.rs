//! What came of placing a file, for its record; pure.

use isthmus_core::destination::{DeliveryOutcome, RetryScope};

use crate::adapter::{Call, Judgement, Reply};

/// A file that is in its place settles its record. Whatever a disk or a server says no with, it
/// says to every record, and it may pass: the whole recipient waits. What may be in its place comes
/// again under the same name.
pub(crate) fn judge(call: &Call, reply: Reply) -> Judgement {
    let waits = |code: &str| DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
        code: code.to_owned(),
    };
    let unknown = |code: &str| DeliveryOutcome::Unknown {
        code: code.to_owned(),
    };
    let outcome = match reply {
        Reply::Placed => DeliveryOutcome::Delivered,
        Reply::NotPlaced(code) | Reply::NotSent(code) => waits(code),
        Reply::Lost(code) => unknown(code),
        Reply::HeldBack(code) => DeliveryOutcome::NotTried {
            code: code.to_owned(),
        },
        Reply::Appended
        | Reply::NotAppended(_)
        | Reply::Http { .. }
        | Reply::Amqp(_)
        | Reply::Mllp(_) => unknown("unexpected-reply"),
    };
    Judgement::alike(call, &outcome)
}
