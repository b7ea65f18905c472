//! The second decision, taken right before the bytes leave: whether a delivery is sent, disposed
//! of, kept for a person or kept waiting; the questions it rests on are asked in `deliver_loop`.

use isthmus_core::journal::Step;
use isthmus_core::key_ring::KeyError;
use isthmus_core::privacy::release;
use isthmus_core::refusal::Reason;

/// The key of the delivery was destroyed, so nobody can read it any more.
pub const KEY_DESTROYED: &str = "key-destroyed";

/// What becomes of a delivery that is due. `T` is what was opened.
#[derive(Debug, PartialEq, Eq)]
pub enum Ruling<T> {
    /// It is sent.
    Send(T),
    /// It is not sent, and this follows.
    Settle(Step),
    /// What has to be known before it is sent cannot be read now: it goes back untried.
    Wait,
}

/// Decides. `permitted` is what the policies say to the delivery now, `opened` what its key gave.
///
/// A destroyed key comes first, because it is final. A no of the patient or of the terms comes
/// before the other faults of keys: what must never be sent is disposed of, whether it opens or
/// not. A code that is not known here keeps the delivery for a person.
pub fn decide<T>(permitted: Result<(), &'static str>, opened: Result<T, KeyError>) -> Ruling<T> {
    if opened.as_ref().err() == Some(&KeyError::Destroyed) {
        return Ruling::Settle(Step::Withheld(KEY_DESTROYED));
    }
    match permitted {
        Ok(()) => match opened {
            Ok(opened) => Ruling::Send(opened),
            Err(KeyError::Unavailable(_)) => Ruling::Wait,
            Err(KeyError::Mismatch | KeyError::Destroyed) => {
                Ruling::Settle(Step::Park(Reason::Unopenable))
            }
        },
        Err(code @ (release::CONSENT | release::EXPIRED | release::AGREEMENT_EXPIRED)) => {
            Ruling::Settle(Step::Withheld(code))
        }
        Err(release::CONSENT_UNAVAILABLE) => Ruling::Wait,
        Err(release::CONSENT_CHANGED) => Ruling::Settle(Step::Park(Reason::ConsentChanged)),
        Err(_policy_changed) => Ruling::Settle(Step::Park(Reason::PolicyChanged)),
    }
}
