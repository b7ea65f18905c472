//! What the reply to a webhook means for its record; pure.

use std::time::Duration;

use isthmus_core::destination::{DeliveryOutcome, RetryScope};

use crate::adapter::{Call, Judgement, Reply};

/// A reply of the recipient is judged by its status alone. A request that did not leave would not
/// leave for any record; one that may have arrived is repeated under the same id.
pub(crate) fn judge(call: &Call, reply: Reply) -> Judgement {
    let (outcome, stop) = match reply {
        Reply::Http {
            status,
            retry_after,
        } => (answered(status, retry_after), status == 410),
        Reply::NotSent(code) => {
            let outcome = again(RetryScope::Recipient, None, code.to_owned());
            (outcome, false)
        }
        Reply::HeldBack(code) => (not_tried(code), false),
        Reply::Lost(code) => (unknown(code), false),
        Reply::Appended
        | Reply::NotAppended(_)
        | Reply::Amqp(_)
        | Reply::Mllp(_)
        | Reply::Placed
        | Reply::NotPlaced(_) => (unknown("unexpected-reply"), false),
    };
    let mut judgement = Judgement::alike(call, &outcome);
    judgement.stop = stop;
    judgement
}

fn answered(status: u16, after: Option<Duration>) -> DeliveryOutcome {
    let code = format!("http-{status}");
    match status {
        200..=299 => DeliveryOutcome::Delivered,
        // Gone for good.
        410 => again(RetryScope::Recipient, None, code),
        // Too much, or not there; or the URL or the way we prove who we are is wrong: every record
        // would hear the same, the latter until somebody mends it.
        408 | 425 | 429 | 502 | 504 | 401 | 403 | 404 | 405 | 407 => {
            again(RetryScope::Recipient, after, code)
        }
        503 if after.is_some() => again(RetryScope::Recipient, after, code),
        // It failed over this record, as far as anyone can tell.
        500..=599 => again(RetryScope::Record, after, code),
        400..=499 => DeliveryOutcome::Refused { code },
        // Redirects are not followed, and what is below 200 or above 599 is no answer to a POST.
        _ => again(RetryScope::Recipient, after, code),
    }
}

const fn again(scope: RetryScope, after: Option<Duration>, code: String) -> DeliveryOutcome {
    DeliveryOutcome::Retry { scope, after, code }
}

fn unknown(code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::Unknown { code }
}

fn not_tried(code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::NotTried { code }
}
