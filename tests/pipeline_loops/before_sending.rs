//! What is asked right before the bytes leave: whoever said no meanwhile is sent nothing, what
//! cannot be known now waits, and behind a delivery that stays nothing of its patient goes.

use std::time::Duration;

use isthmus_core::delivery_queue::Delivery;
use isthmus_core::destination::DeliveryOutcome;
use isthmus_core::hold::Hold;
use isthmus_core::journal::Step;
use isthmus_core::key_ring::KeyId;
use isthmus_core::privacy::sealed_disclosure::SealedDisclosure;
use isthmus_core::refusal::Reason;
use isthmus_pipeline::retry_schedule::RetrySchedule;

use crate::born::given;
use crate::delivering::deliver;
use crate::patients::{Patients, Says};
use crate::policy::POLICY;
use crate::released::released;
use crate::stand_ins::{DESTROYED, UNAVAILABLE, forged};

#[test]
fn who_opts_out_while_it_is_queued_is_sent_nothing_and_the_others_are() {
    let patients = Patients::saying(&[(1, &[Says::No, Says::No])]);
    let batch = vec![released(1, 1, 1), released(2, 2, 1), released(3, 1, 1)];
    let seen = deliver(POLICY, patients, Vec::new(), vec![batch]);
    assert_eq!(seen.sent, [2]);
    let expected = [
        (1, Step::Withheld("consent-revoked")),
        (3, Step::Withheld("consent-revoked")),
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
    let seen = deliver(
        POLICY,
        patients,
        vec![DeliveryOutcome::Unknown {
            code: "timeout".to_owned(),
        }],
        draws,
    );
    assert_eq!(seen.sent, [1]);
    assert!(matches!(seen.settled[0], (1, Step::Retry { .. })));
    assert_eq!(seen.settled[1], (1, Step::Withheld("consent-revoked")));
}

#[test]
fn a_new_word_makes_it_again_from_its_message_and_holds_its_patient_alone() {
    // Asked at the second decision, and again when it is made anew.
    let patients = Patients::saying(&[(1, &[Says::Yes(6), Says::Yes(6)])]);
    let stale = Delivery {
        id: given(),
        ..released(1, 1, 1)
    };
    let batch = vec![stale, released(2, 2, 1), released(3, 1, 1)];
    let seen = deliver(POLICY, patients, Vec::new(), vec![batch]);
    assert_eq!(seen.sent, [2]);
    let Step::Rebuilt { sealed, .. } = &seen.settled[0].1 else {
        panic!("{:?}", seen.settled);
    };
    assert_eq!(sealed.grant().consent_version, Some(6));
    assert_eq!(seen.settled[1], (2, Step::Delivered));
    assert_eq!(seen.given_back, [3]);
    assert!(seen.waits.is_empty(), "the recipient as a whole is there");
}

#[test]
fn what_was_taken_back_and_given_again_is_made_anew_and_what_was_not_is_withheld() {
    let tombstone = |number: u8| {
        let delivery = released(number, 1, 1);
        let grant = delivery.sealed.grant().clone();
        Delivery {
            id: given(),
            sealed: SealedDisclosure::from_stored(grant, KeyId(1), Vec::new()),
            ..delivery
        }
    };
    let again = Patients::saying(&[(1, &[Says::Yes(6), Says::Yes(6)])]);
    let seen = deliver(POLICY, again, Vec::new(), vec![vec![tombstone(1)]]);
    assert!(seen.sent.is_empty());
    assert!(matches!(seen.settled[0].1, Step::Rebuilt { .. }));
    let no = Patients::saying(&[(1, &[Says::No])]);
    let seen = deliver(POLICY, no, Vec::new(), vec![vec![tombstone(1)]]);
    assert!(seen.sent.is_empty());
    assert_eq!(seen.settled[0].1, Step::Withheld("consent-revoked"));
}

#[test]
fn a_new_policy_makes_it_again_and_without_its_message_it_is_parked() {
    let edited = POLICY.to_owned() + "# a word\n";
    let stale = Delivery {
        id: given(),
        ..released(1, 1, 1)
    };
    let patients = Patients::default();
    let seen = deliver(&edited, patients, Vec::new(), vec![vec![stale]]);
    assert!(seen.sent.is_empty());
    assert!(matches!(seen.settled[0].1, Step::Rebuilt { .. }));
    let batch = vec![released(2, 1, 1)];
    let seen = deliver(&edited, Patients::default(), Vec::new(), vec![batch]);
    assert_eq!(seen.settled, [(2, Step::Park(Reason::PolicyChanged))]);
}

#[test]
fn a_flow_that_is_gone_sends_nothing() {
    let renamed = POLICY.replace("\"newsletter\"", "\"other\"");
    let batch = vec![released(1, 1, 1)];
    let seen = deliver(&renamed, Patients::default(), Vec::new(), vec![batch]);
    assert!(seen.sent.is_empty());
    assert_eq!(seen.settled, [(1, Step::Withheld("nothing-to-send"))]);
}

#[test]
fn a_hold_keeps_its_patient_s_for_later() {
    for (hold, reason) in [
        (Hold::Review, Reason::Review),
        (Hold::Restriction, Reason::Restriction),
    ] {
        let patients = Patients::saying(&[(1, &[Says::Yes(4), Says::Held(hold)])]);
        let batch = vec![released(1, 1, 1), released(2, 2, 1), released(3, 1, 1)];
        let seen = deliver(POLICY, patients, Vec::new(), vec![batch]);
        assert_eq!(seen.sent, [2]);
        assert_eq!(seen.settled[0], (1, Step::Park(reason)));
        assert_eq!(seen.given_back, [3]);
    }
}

#[test]
fn what_cannot_be_read_now_goes_back_and_makes_nobody_else_wait() {
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
    assert!(seen.waits.is_empty(), "another was sent");
}

/// The case `consent-store-stale` of the shared time-lines: stale is unknown, so it is deferred.
#[test]
fn consents_older_than_the_policy_takes_send_nothing_until_they_are_known_again() {
    let known = |seconds| Patients::known_before(Duration::from_secs(seconds));
    let batch = || vec![released(1, 1, 1), released(2, 2, 1)];
    let fresh = deliver(POLICY, known(60), Vec::new(), vec![batch()]);
    assert_eq!(fresh.sent, [1, 2]);
    let stale = deliver(POLICY, known(61), Vec::new(), vec![batch(), batch()]);
    assert!(stale.sent.is_empty() && stale.settled.is_empty());
    assert_eq!(stale.given_back, [1, 2, 1, 2], "deferred, not disposed of");
    let schedule = RetrySchedule::default();
    assert_eq!(stale.waits, [1, 2].map(|times| schedule.ceiling(times)));
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
