//! What the reply to an append means for each record; pure.

use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_core::id::DeliveryId;

use crate::adapter::{Call, Reply};

/// An append is all or none, so every record of the call fares alike. Whatever a disk says may end
/// by itself, and it says it to every record: the whole recipient waits.
pub(crate) fn judge(call: &Call, reply: Reply) -> Vec<(DeliveryId, DeliveryOutcome)> {
    let Call::Append { lines, .. } = call;
    let outcome = match reply {
        Reply::Appended => DeliveryOutcome::Delivered,
        Reply::NotAppended(_kind) => DeliveryOutcome::Retry {
            scope: RetryScope::Recipient,
            after: None,
        },
    };
    lines
        .iter()
        .map(|line| (line.id, outcome.clone()))
        .collect()
}
