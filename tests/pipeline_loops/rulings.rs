//! Every answer of the gate and of the key ring has its ruling; what the loop makes of a ruling is
//! in `before_sending`.

use isthmus_core::journal::Step;
use isthmus_core::key_ring::KeyError;
use isthmus_core::privacy::release;
use isthmus_core::refusal::Reason;
use isthmus_pipeline::second_decision::{Ruling, decide};

#[test]
fn every_answer_has_its_ruling() {
    let mismatch = || Err(KeyError::Mismatch);
    let unavailable = || Err(KeyError::Unavailable("busy".into()));
    let park = |reason| Ruling::Settle(Step::Park(reason));
    let withheld = |code| Ruling::Settle(Step::Withheld(code));
    assert_eq!(decide(Ok(()), Ok(7)), Ruling::Send(7));
    assert_eq!(decide::<u8>(Ok(()), mismatch()), park(Reason::Unopenable));
    assert_eq!(decide::<u8>(Ok(()), unavailable()), Ruling::Wait);
    for code in [
        release::CONSENT,
        release::EXPIRED,
        release::AGREEMENT_EXPIRED,
    ] {
        for opened in [Ok(7), mismatch(), unavailable()] {
            assert_eq!(decide(Err(code), opened), withheld(code));
        }
    }
    for permitted in [Ok(()), Err(release::CONSENT_UNAVAILABLE)] {
        let destroyed = decide::<u8>(permitted, Err(KeyError::Destroyed));
        assert_eq!(destroyed, withheld("key-destroyed"));
    }
    assert_eq!(
        decide(Err(release::CONSENT_UNAVAILABLE), Ok(7)),
        Ruling::Wait
    );
    let changed = decide(Err(release::CONSENT_CHANGED), Ok(7));
    assert_eq!(changed, park(Reason::ConsentChanged));
    for code in [release::POLICY_CHANGED, "a code of a later release"] {
        assert_eq!(decide(Err(code), Ok(7)), park(Reason::PolicyChanged));
    }
}
