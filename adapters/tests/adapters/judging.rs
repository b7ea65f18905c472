//! Every row of what a webhook's reply means.

use std::time::Duration;

use isthmus_adapters::adapter::{Adapter, Reply};
use isthmus_core::destination::{DeliveryOutcome, RetryScope};

use crate::released::{NOON, outbound};
use crate::scripted_transport::{status, webhook};

const MINUTE: Option<Duration> = Some(Duration::from_mins(1));

fn again(scope: RetryScope, after: Option<Duration>, code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::Retry { scope, after, code }
}

/// What one reply means for the one record, and whether it is the end.
fn judged(reply: Reply) -> (DeliveryOutcome, bool) {
    let webhook = webhook("https://crm.example/hook");
    let calls = webhook.plan(&[outbound(3)], NOON);
    assert_eq!(calls.len(), 1);
    let mut judgement = webhook.judge(&calls[0], reply);
    assert_eq!(judgement.outcomes.len(), 1);
    let (id, outcome) = judgement.outcomes.remove(0);
    assert_eq!(id, outbound(3).id);
    (outcome, judgement.stop)
}

#[test]
fn statuses_are_judged_row_by_row() {
    for code in 100..=999_u16 {
        let name = format!("http-{code}");
        let expected = match code {
            200..=299 => DeliveryOutcome::Delivered,
            500 | 501 | 503 | 505..=599 => again(RetryScope::Record, None, &name),
            400 | 402 | 406 | 409 | 411..=424 | 426..=428 | 430..=499 => {
                DeliveryOutcome::Refused { code: name }
            }
            _ => again(RetryScope::Recipient, None, &name),
        };
        assert_eq!(judged(status(code)), (expected, code == 410), "{code}");
    }
}

#[test]
fn what_the_recipient_asks_for_is_handed_on() {
    for (code, scope) in [
        (408, RetryScope::Recipient),
        (425, RetryScope::Recipient),
        (429, RetryScope::Recipient),
        (502, RetryScope::Recipient),
        (503, RetryScope::Recipient),
        (504, RetryScope::Recipient),
        (500, RetryScope::Record),
        (403, RetryScope::Recipient),
        (302, RetryScope::Recipient),
    ] {
        let reply = Reply::Http {
            status: code,
            retry_after: MINUTE,
        };
        let expected = again(scope, MINUTE, &format!("http-{code}"));
        assert_eq!(judged(reply), (expected, false), "{code}");
    }
}

#[test]
fn without_a_status_what_left_decides() {
    let waits = again(RetryScope::Recipient, None, "connect");
    assert_eq!(judged(Reply::NotSent("connect")), (waits, false));
    let code = "timeout".to_owned();
    let unknown = DeliveryOutcome::Unknown { code };
    assert_eq!(judged(Reply::Lost("timeout")), (unknown, false));
    let code = "blocked".to_owned();
    let not_tried = DeliveryOutcome::NotTried { code };
    assert_eq!(judged(Reply::HeldBack("blocked")), (not_tried, false));
    let code = "unexpected-reply".to_owned();
    let unknown = DeliveryOutcome::Unknown { code };
    assert_eq!(judged(Reply::Appended), (unknown, false));
}
