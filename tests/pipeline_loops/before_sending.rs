//! What is asked right before the bytes leave: whoever said no meanwhile is sent nothing, what
//! cannot be known now waits, and behind a delivery that stays nothing of its patient goes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue};
use isthmus_core::destination::{DeliveryOutcome, Destination};
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::Step;
use isthmus_core::refusal::Reason;
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::retry_schedule::RetrySchedule;

use crate::machine::Machine;
use crate::patients::{Patients, Says};
use crate::policy::{POLICY, policies};
use crate::released::released;
use crate::stand_ins::{DESTROYED, Door, OneKey, Script, UNAVAILABLE, forged, run};

/// What a run of the loop did, by the numbers of the deliveries.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    sent: Vec<u8>,
    settled: Vec<(u8, Step)>,
    given_back: Vec<u8>,
    waits: Vec<Duration>,
}

/// Draws each of these batches once. What is sent fares as `outcomes` say, then arrives.
fn deliver(
    policy: &str,
    patients: Patients,
    outcomes: Vec<DeliveryOutcome>,
    draws: Vec<Vec<Delivery>>,
) -> Seen {
    let queue = Arc::new(Script {
        draws: Mutex::new(draws.into()),
        ..Script::default()
    });
    let door = Arc::new(Door {
        recipient: RecipientId::new("mailer"),
        outcomes: Mutex::new(VecDeque::from(outcomes)),
        sent: Mutex::default(),
    });
    let machine = Arc::new(Machine::default());
    let deliver = DeliverLoop {
        queue: Arc::clone(&queue) as Arc<dyn DeliveryQueue>,
        destination: Arc::clone(&door) as Arc<dyn Destination>,
        keys: Arc::new(OneKey),
        policies: Arc::new(policies(policy)),
        consents: Arc::new(patients),
        schedule: RetrySchedule::default(),
        clock: Arc::clone(&machine) as Arc<dyn Clock>,
        executor: Arc::clone(&machine) as _,
    };
    run(deliver.run());
    let number = |id: &DeliveryId| *id.as_bytes().first().unwrap();
    let settled = queue.settled.lock().unwrap();
    let given_back = queue.given_back.lock().unwrap();
    Seen {
        sent: door.sent.lock().unwrap().iter().map(number).collect(),
        settled: settled
            .iter()
            .map(|one| (number(&one.id), one.step.clone()))
            .collect(),
        given_back: given_back.iter().map(number).collect(),
        waits: machine.waits.lock().unwrap().clone(),
    }
}

#[test]
fn who_opts_out_while_it_is_queued_is_sent_nothing_and_the_others_are() {
    let patients = Patients::saying(&[(1, &[Says::No, Says::No])]);
    let batch = vec![released(1, 1, 1), released(2, 2, 1), released(3, 1, 1)];
    let seen = deliver(POLICY, patients, Vec::new(), vec![batch]);
    assert_eq!(seen.sent, [2]);
    let expected = [
        (1, Step::Withheld("consent")),
        (3, Step::Withheld("consent")),
        (2, Step::Delivered),
    ];
    assert_eq!(seen.settled, expected);
    assert!(seen.given_back.is_empty() && seen.waits.is_empty());
}

#[test]
fn the_patient_is_asked_at_every_attempt() {
    let patients = Patients::saying(&[(1, &[Says::Yes(4), Says::No])]);
    let again = Delivery {
        attempt: 2,
        ..released(1, 1, 1)
    };
    let draws = vec![vec![released(1, 1, 1)], vec![again]];
    let seen = deliver(POLICY, patients, vec![DeliveryOutcome::Unknown], draws);
    assert_eq!(seen.sent, [1]);
    assert!(matches!(seen.settled[0], (1, Step::Retry { .. })));
    assert_eq!(seen.settled[1], (1, Step::Withheld("consent")));
}

#[test]
fn a_word_or_a_policy_that_is_new_parks_and_holds_its_patient_alone() {
    let patients = || Patients::saying(&[(1, &[Says::Yes(6)])]);
    let batch = vec![released(1, 1, 1), released(2, 2, 1), released(3, 1, 1)];
    let seen = deliver(POLICY, patients(), Vec::new(), vec![batch]);
    assert_eq!(seen.sent, [2]);
    let expected = [
        (1, Step::Park(Reason::ConsentChanged)),
        (2, Step::Delivered),
    ];
    assert_eq!(seen.settled, expected);
    assert_eq!(seen.given_back, [3]);
    assert_eq!(seen.waits, [], "the recipient as a whole is there");

    let edited = POLICY.to_owned() + "# a word\n";
    let seen = deliver(
        &edited,
        Patients::default(),
        Vec::new(),
        vec![vec![released(1, 1, 1)]],
    );
    assert!(seen.sent.is_empty());
    assert_eq!(seen.settled, [(1, Step::Park(Reason::PolicyChanged))]);
}

#[test]
fn what_cannot_be_read_now_goes_back_and_waits() {
    let patients = Patients::saying(&[(1, &[Says::Unreadable])]);
    let batch = vec![
        released(1, 1, 1),
        released(2, 2, UNAVAILABLE),
        released(3, 3, 1),
        released(4, 1, 1),
        released(5, 2, 1),
    ];
    let seen = deliver(
        POLICY,
        patients,
        Vec::new(),
        vec![batch, vec![released(1, 1, 1)]],
    );
    assert_eq!(seen.sent, [3, 1]);
    assert_eq!(seen.given_back, [1, 2, 4, 5]);
    assert_eq!(seen.settled, [(3, Step::Delivered), (1, Step::Delivered)]);
    assert_eq!(seen.waits, [RetrySchedule::default().first]);
}

#[test]
fn a_destroyed_key_disposes_and_what_does_not_open_is_parked() {
    let batch = vec![
        released(1, 1, DESTROYED),
        released(2, 1, 1),
        forged(3, 3),
        released(4, 3, 1),
    ];
    let seen = deliver(POLICY, Patients::default(), Vec::new(), vec![batch]);
    assert_eq!(seen.sent, [2]);
    let expected = [
        (1, Step::Withheld("key-destroyed")),
        (3, Step::Park(Reason::Unopenable)),
        (2, Step::Delivered),
    ];
    assert_eq!(seen.settled, expected);
    assert_eq!(seen.given_back, [4]);
}
