//! The second decision, taken right before the bytes leave: whether a delivery is sent, disposed
//! of, made again, kept for a person or kept waiting; the questions it rests on are asked in
//! `before_sending`.

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
    /// It is not what may leave now: it is made again from its message.
    Rebuild(Reason),
    /// What has to be known before it is sent cannot be read now: it goes back untried.
    Wait,
}

/// What there is of a delivery.
#[derive(Debug)]
pub enum Payload<T> {
    /// It was opened.
    Opened(T),
    /// It was disposed of when its patient took back their consent.
    Tombstone,
    /// It cannot be opened.
    Locked(KeyError),
}

/// Decides. `permitted` is what the policies say to the delivery now.
///
/// A destroyed key comes first, because it is final. A no of the patient or of the terms comes
/// before the other faults of keys: what must never be sent is disposed of, whether it opens or
/// not. A code that is not known here keeps the delivery for a person.
pub fn decide<T>(permitted: Result<(), &'static str>, payload: Payload<T>) -> Ruling<T> {
    if let Payload::Locked(KeyError::Destroyed) = payload {
        return Ruling::Settle(Step::Withheld(KEY_DESTROYED));
    }
    match permitted {
        Ok(()) => match payload {
            Payload::Opened(opened) => Ruling::Send(opened),
            Payload::Tombstone => Ruling::Rebuild(Reason::ConsentChanged),
            Payload::Locked(KeyError::Unavailable(_)) => Ruling::Wait,
            Payload::Locked(KeyError::Mismatch | KeyError::Destroyed) => {
                Ruling::Settle(Step::Park(Reason::Unopenable))
            }
        },
        // It was allowed when it was released.
        Err(release::CONSENT) => Ruling::Settle(Step::Withheld(release::CONSENT_REVOKED)),
        Err(code @ (release::SUPPRESSED | release::EXPIRED | release::AGREEMENT_EXPIRED)) => {
            Ruling::Settle(Step::Withheld(code))
        }
        Err(release::CONSENT_UNAVAILABLE) => Ruling::Wait,
        Err(release::CONSENT_LOST) => Ruling::Settle(Step::Park(Reason::ConsentLost)),
        Err(release::CONSENT_CHANGED) => Ruling::Rebuild(Reason::ConsentChanged),
        Err(release::POLICY_CHANGED) => Ruling::Rebuild(Reason::PolicyChanged),
        Err(release::REVIEW) => Ruling::Settle(Step::Park(Reason::Review)),
        Err(release::RESTRICTION) => Ruling::Settle(Step::Park(Reason::Restriction)),
        Err(_unknown) => Ruling::Settle(Step::Park(Reason::PolicyChanged)),
    }
}
