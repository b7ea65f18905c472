//! What the reply to an append means for each record; pure.

use isthmus_core::destination::{DeliveryOutcome, RetryScope};

use crate::adapter::{Call, Judgement, Reply};
use crate::disk_fault;

/// An append is all or none, so every record of the call fares alike. Whatever a disk says may end
/// by itself, and it says it to every record: the whole recipient waits.
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
        Reply::Appended => DeliveryOutcome::Delivered,
        Reply::NotAppended(kind) => waits(disk_fault::code(kind).unwrap_or("append-failed")),
        Reply::NotSent(code) => waits(code),
        Reply::Lost(code) => unknown(code),
        Reply::HeldBack(code) => DeliveryOutcome::NotTried {
            code: code.to_owned(),
        },
        Reply::Http { .. }
        | Reply::Amqp(_)
        | Reply::Mllp(_)
        | Reply::Placed
        | Reply::NotPlaced(_) => unknown("unexpected-reply"),
    };
    Judgement::alike(call, &outcome)
}
