//! What follows from each answer of the policies and the keys; that they are asked at the right
//! time is in `before_sending`.

use isthmus_core::journal::Step;
use isthmus_core::key_ring::KeyError;
use isthmus_core::privacy::release;
use isthmus_core::refusal::Reason;
use isthmus_pipeline::second_decision::{Payload, Ruling, decide};

#[test]
fn every_answer_has_its_ruling() {
    let unavailable = || Payload::Locked(KeyError::Unavailable("busy".to_owned()));
    let mismatch = || Payload::Locked(KeyError::Mismatch);
    let park = |reason| Ruling::Settle(Step::Park(reason));
    let withheld = |code| Ruling::Settle(Step::Withheld(code));
    assert_eq!(decide(Ok(()), Payload::Opened(7)), Ruling::Send(7));
    assert_eq!(decide::<u8>(Ok(()), mismatch()), park(Reason::Unopenable));
    assert_eq!(decide::<u8>(Ok(()), unavailable()), Ruling::Wait);
    let tombstone = decide::<u8>(Ok(()), Payload::Tombstone);
    assert_eq!(tombstone, Ruling::Rebuild(Reason::ConsentChanged));
    for (code, told) in [
        (release::CONSENT, release::CONSENT_REVOKED),
        (release::SUPPRESSED, release::SUPPRESSED),
        (release::EXPIRED, release::EXPIRED),
        (release::AGREEMENT_EXPIRED, release::AGREEMENT_EXPIRED),
    ] {
        let payloads = [
            Payload::Opened(7),
            Payload::Tombstone,
            mismatch(),
            unavailable(),
        ];
        for payload in payloads {
            assert_eq!(decide(Err(code), payload), withheld(told));
        }
    }
    for permitted in [Ok(()), Err(release::CONSENT), Err("new")] {
        let destroyed = decide::<u8>(permitted, Payload::Locked(KeyError::Destroyed));
        assert_eq!(destroyed, withheld("key-destroyed"));
    }
    for (code, reason) in [
        (release::CONSENT_CHANGED, Reason::ConsentChanged),
        (release::POLICY_CHANGED, Reason::PolicyChanged),
    ] {
        for payload in [Payload::Opened(7), Payload::Tombstone, unavailable()] {
            assert_eq!(decide(Err(code), payload), Ruling::Rebuild(reason));
        }
    }
    for (code, ruling) in [
        (release::CONSENT_UNAVAILABLE, Ruling::Wait),
        (release::REVIEW, park(Reason::Review)),
        (release::RESTRICTION, park(Reason::Restriction)),
        ("a new code", park(Reason::PolicyChanged)),
    ] {
        assert_eq!(decide(Err(code), Payload::Opened(7)), ruling);
    }
}
