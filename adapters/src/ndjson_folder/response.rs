//! What the reply to an append means for each record; pure.

use std::io::ErrorKind;

use isthmus_core::destination::{DeliveryOutcome, RetryScope};

use crate::adapter::{Call, Judgement, Reply};

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
        Reply::NotAppended(kind) => waits(code(kind)),
        Reply::NotSent(code) => waits(code),
        Reply::Lost(code) => unknown(code),
        Reply::HeldBack(code) => DeliveryOutcome::NotTried {
            code: code.to_owned(),
        },
        Reply::Http { .. } | Reply::Amqp(_) | Reply::Mllp(_) => unknown("unexpected-reply"),
    };
    Judgement::alike(call, &outcome)
}

/// The causes that an operator mends in different ways.
fn code(kind: ErrorKind) -> &'static str {
    if kind == ErrorKind::StorageFull || kind == ErrorKind::QuotaExceeded {
        "disk-full"
    } else if kind == ErrorKind::PermissionDenied || kind == ErrorKind::ReadOnlyFilesystem {
        "not-writable"
    } else {
        "append-failed"
    }
}
