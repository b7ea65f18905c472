//! `Release`, the gate's answer, and the codes of its refusals; how it is found is in `flow`.

use crate::consent_store::ConsentUnavailable;
use crate::privacy::granted_record::GrantedRecord;

/// The patient did not allow it: a no, or nothing recorded.
pub const CONSENT: &str = "consent";
/// The consents cannot be read.
pub const CONSENT_UNAVAILABLE: &str = "consent-unavailable";
/// What the patient said is damaged or its key is gone.
pub const CONSENT_LOST: &str = "consent-lost";
/// The patient said something since the release, so what was released must not be sent.
pub const CONSENT_CHANGED: &str = "consent-version-changed";
/// The patient allowed it when it was released, and does no longer.
pub const CONSENT_REVOKED: &str = "consent-revoked";
/// Whoever is at one of the patient's addresses must not be written to.
pub const SUPPRESSED: &str = "suppressed";
/// Who it is about is being reviewed; nothing about them leaves meanwhile.
pub const REVIEW: &str = "review";
/// Disclosures about the patient are restricted.
pub const RESTRICTION: &str = "restriction";
/// The flow has expired.
pub const EXPIRED: &str = "expired";
/// The agreement with the recipient has expired.
pub const AGREEMENT_EXPIRED: &str = "agreement-expired";
/// The policy is not the one that released it.
pub const POLICY_CHANGED: &str = "policy-changed";
/// The flow grants nothing of what the record has.
pub const NOTHING_GRANTED: &str = "nothing-granted";
/// The map makes no record of what is granted.
pub const NOTHING_TO_SEND: &str = "nothing-to-send";
/// A resource has implicit rules or a modifier extension, so its elements may not mean what they
/// say.
pub const IMPLICIT_RULES: &str = "implicit-rules";
/// The flow sends messages on, and not those of this event.
pub const EVENT: &str = "event-not-listed";
/// The flow sends messages on, and no version of HL7 v2 has a structure for this one.
pub const STRUCTURE: &str = "unknown-structure";
/// The flow sends messages on, and what it grants of the patient has no identifier (PID-3).
pub const NO_IDENTIFIER: &str = "no-identifier";
/// The flow sends messages on, and the record has none.
pub const NO_MESSAGE: &str = "no-message";
/// The record has more than one patient.
pub const SEVERAL_SUBJECTS: &str = "several-subjects";

/// The code for a patient whose word is not known.
pub(in crate::privacy) const fn unknown(error: &ConsentUnavailable) -> &'static str {
    match error {
        ConsentUnavailable::Now(_) => CONSENT_UNAVAILABLE,
        ConsentUnavailable::Lost(_) => CONSENT_LOST,
    }
}

/// What the gate says to one record and one flow.
#[derive(Debug)]
pub enum Release {
    /// This much may leave.
    Granted(GrantedRecord),
    /// Nothing leaves, for this reason: one of the codes of this file.
    Withheld(&'static str),
}
