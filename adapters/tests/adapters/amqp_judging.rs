//! Every row of what a broker's answer means, and what an answer does to the pace.

use std::sync::Arc;

use isthmus_adapters::adapter::{Adapter, Reply};
use isthmus_adapters::amqp_message::BrokerReply;
use isthmus_adapters::limits::Limits;
use isthmus_core::destination::{DeliveryOutcome, Destination, RetryScope};

use crate::brokered::amqp;
use crate::fake_time::FakeTime;
use crate::released::{NOON, outbound};
use crate::scripted_transport::{Script, runner};

fn judged(reply: Reply) -> DeliveryOutcome {
    let amqp = amqp("");
    let calls = amqp.plan(&[outbound(3)], NOON);
    assert_eq!(calls.len(), 1);
    let mut judgement = amqp.judge(&calls[0], reply);
    assert!(!judgement.stop);
    assert_eq!(judgement.outcomes.len(), 1);
    let (id, outcome) = judgement.outcomes.remove(0);
    assert_eq!(id, outbound(3).id);
    outcome
}

fn again(scope: RetryScope, code: &str) -> DeliveryOutcome {
    let (after, code) = (None, code.to_owned());
    DeliveryOutcome::Retry { scope, after, code }
}

#[test]
fn answers_are_judged_row_by_row() {
    let told = |reply| judged(Reply::Amqp(reply));
    assert_eq!(told(BrokerReply::Confirmed), DeliveryOutcome::Delivered);
    let returned = again(RetryScope::Record, "returned-312");
    assert_eq!(told(BrokerReply::Returned(312)), returned);
    let full = again(RetryScope::Recipient, "nack");
    assert_eq!(told(BrokerReply::NotStored), full);
    for code in 300..=599 {
        let name = format!("amqp-{code}");
        let expected = if code == 406 {
            DeliveryOutcome::Refused { code: name }
        } else {
            again(RetryScope::Recipient, &name)
        };
        assert_eq!(told(BrokerReply::Denied(code)), expected);
    }
}

#[test]
fn without_an_answer_what_left_decides() {
    let waits = again(RetryScope::Recipient, "credentials");
    assert_eq!(judged(Reply::NotSent("credentials")), waits);
    let unknown = |code: &str| DeliveryOutcome::Unknown {
        code: code.to_owned(),
    };
    let lost = unknown("connection-lost");
    assert_eq!(judged(Reply::Lost("connection-lost")), lost);
    let code = "blocked".to_owned();
    let not_tried = DeliveryOutcome::NotTried { code };
    assert_eq!(judged(Reply::HeldBack("blocked")), not_tried);
    assert_eq!(judged(Reply::Appended), unknown("unexpected-reply"));
}

#[tokio::test]
async fn what_was_held_back_neither_closes_nor_opens_the_breaker() {
    let failed = std::iter::repeat_n(Reply::Amqp(BrokerReply::Returned(312)), 5);
    let held = std::iter::repeat_n(Reply::HeldBack("blocked"), 3);
    let script = Script::of(
        failed
            .chain(held)
            .chain([Reply::Amqp(BrokerReply::Confirmed)]),
    );
    let time = Arc::new(FakeTime::new());
    let runner = runner(amqp(""), &script, Limits::default(), &time);
    for _ in 0..5 {
        assert_eq!(runner.ready().await, 16);
        runner.deliver(vec![outbound(1)]).await;
    }
    for _ in 0..3 {
        // The breaker is open and lets one through at a time, as before.
        assert_eq!(runner.ready().await, 1);
        let outcome = runner.deliver(vec![outbound(1)]).await.remove(0);
        assert!(
            matches!(outcome, DeliveryOutcome::NotTried { .. }),
            "{outcome:?}"
        );
    }
    assert_eq!(runner.ready().await, 1);
    let outcome = runner.deliver(vec![outbound(1)]).await.remove(0);
    assert_eq!(outcome, DeliveryOutcome::Delivered);
    assert_eq!(runner.ready().await, 16);
}
