//! Every way in which an attempt ends has its step.

use std::time::Duration;

use isthmus_core::clock::Timestamp;
use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_core::id::DeliveryId;
use isthmus_core::journal::Step;
use isthmus_core::refusal::Reason;
use isthmus_pipeline::before_sending::Attempt;
use isthmus_pipeline::deliver_loop;
use isthmus_pipeline::retry_schedule::RetrySchedule;

#[test]
fn every_outcome_has_its_step() {
    let schedule = RetrySchedule::default();
    let now = Timestamp::from_unix_millis(1_000_000);
    let attempt = |created_at: i64| Attempt {
        id: DeliveryId::from_bytes([7; 16]),
        created_at: Timestamp::from_unix_millis(created_at),
        number: 3,
    };
    let step = |outcome| deliver_loop::step(schedule, now, attempt(0), &outcome).unwrap();
    let waited = |step: Step| match step {
        Step::Retry { not_before, code } => (not_before.unix_millis() - 1_000_000, code),
        other => panic!("{other:?}"),
    };
    let code = "http-503".to_owned();
    let unknown = DeliveryOutcome::Unknown { code: code.clone() };
    let record = |after| DeliveryOutcome::Retry {
        scope: RetryScope::Record,
        after,
        code: code.clone(),
    };
    assert_eq!(step(DeliveryOutcome::Delivered), Step::Delivered);
    for outcome in [unknown.clone(), record(None)] {
        let (waited, why) = waited(step(outcome));
        assert!((0..=4_000).contains(&waited), "{waited}");
        assert_eq!(why, code);
    }
    let (asked, _) = waited(step(record(Some(Duration::from_secs(7)))));
    assert_eq!(asked, 7_000);
    let refused = DeliveryOutcome::Refused { code: code.clone() };
    let parked = Step::Park(Reason::RefusedByDestination);
    assert_eq!(step(refused), parked);
    let old = attempt(1_000_000 - 72 * 60 * 60 * 1_000);
    for outcome in [unknown, record(None)] {
        let step = deliver_loop::step(schedule, now, old, &outcome);
        assert_eq!(step, Some(Step::Park(Reason::TriedTooLong)));
    }
    let not_tried = DeliveryOutcome::NotTried { code };
    let step = deliver_loop::step(schedule, now, old, &not_tried);
    assert_eq!(step, None, "it was no attempt");
}
