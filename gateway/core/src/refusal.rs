//! `Refusal`, the one form of "no" from which the acknowledgement, the queue's step and the
//! console's row derive; positive outcomes are the types of the stages.

use std::fmt;

/// What shall become of a message that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Try again later; nothing is wrong with the message.
    RetryLater,
    /// Tell the sender; it is not ours.
    RejectToSender,
    /// Keep it, show it, and wait for a person.
    ParkForOperator,
}

/// Why something was refused. The codes are stable: they stand in acknowledgements, tables and
/// metrics. None of them says anything about a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It is no HL7 v2 message.
    Unreadable,
    /// Its bytes are not of the charset that it declares.
    Charset,
    /// The sender is unknown, or claims to be another.
    Unauthorised,
    /// It is larger than the limit.
    Oversize,
    /// Its sequence number (MSH-13) is not the one that is expected, or is missing.
    OutOfSequence,
    /// It is not as the profile of its sender asks.
    Nonconforming,
    /// The store cannot take it now.
    StoreUnavailable,
    /// No map is for its type and event.
    NotMapped,
    /// A map could not carry it: a required element failed or a code is unknown.
    Unmappable,
    /// The record lacks what the recipient's record requires.
    Unshapeable,
    /// What was stored cannot be opened or read any more.
    Unopenable,
    /// The destination refused it for good.
    RefusedByDestination,
    /// The patient said something since it was released; it must be made again from its source.
    ConsentChanged,
    /// The policy is not the one that released it; it must be made again from its source.
    PolicyChanged,
    /// It was tried for as long as its destination allows.
    TriedTooLong,
    /// What the patient said cannot be read now.
    ConsentUnavailable,
    /// What the patient said is damaged or its key is gone; they have to be asked again.
    ConsentLost,
    /// Who it is about is being reviewed; it goes on when the hold is lifted.
    Review,
    /// Disclosures about its patient are restricted; it goes on when the hold is lifted.
    Restriction,
}

impl Reason {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Charset => "charset",
            Self::Unauthorised => "unauthorised",
            Self::Oversize => "oversize",
            Self::OutOfSequence => "out-of-sequence",
            Self::Nonconforming => "nonconforming",
            Self::StoreUnavailable => "store-unavailable",
            Self::NotMapped => "not-mapped",
            Self::Unmappable => "unmappable",
            Self::Unshapeable => "unshapeable",
            Self::Unopenable => "unopenable",
            Self::RefusedByDestination => "refused-by-destination",
            Self::ConsentChanged => "consent-version-changed",
            Self::PolicyChanged => "policy-changed",
            Self::TriedTooLong => "tried-too-long",
            Self::ConsentUnavailable => "consent-unavailable",
            Self::ConsentLost => "consent-lost",
            Self::Review => "review",
            Self::Restriction => "restriction",
        }
    }
}

impl Reason {
    /// Whether an attempt to deliver comes before it.
    pub const fn follows_an_attempt(self) -> bool {
        matches!(self, Self::RefusedByDestination | Self::TriedTooLong)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A refusal with its place. `location` and `rule` are places and rule codes (`PID-5[1].2`,
/// `hl7v2-to-fhir/messages/adt-a01.rmap:14:3 R103`), never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}", self.place_text())]
pub struct Refusal {
    /// What shall become of the message.
    pub disposition: Disposition,
    /// Why.
    pub reason: Reason,
    /// Where in the message, when the place is known.
    pub location: Option<String>,
    /// Which rule said no, when one did: a row of a map, a row of a policy.
    pub rule: Option<String>,
}

impl Refusal {
    /// A refusal that keeps the message for a person.
    pub const fn park(reason: Reason) -> Self {
        Self {
            disposition: Disposition::ParkForOperator,
            reason,
            location: None,
            rule: None,
        }
    }

    /// A refusal that the sender is told of.
    pub const fn reject(reason: Reason) -> Self {
        Self {
            disposition: Disposition::RejectToSender,
            reason,
            location: None,
            rule: None,
        }
    }

    /// A refusal that ends when the fault does.
    pub const fn retry(reason: Reason) -> Self {
        Self {
            disposition: Disposition::RetryLater,
            reason,
            location: None,
            rule: None,
        }
    }

    /// The same refusal with its place in the message.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// The same refusal with the rule that said no.
    #[must_use]
    pub fn by(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    fn place_text(&self) -> String {
        let location = self.location.iter().map(|place| format!(" at {place}"));
        let rule = self.rule.iter().map(|rule| format!(" ({rule})"));
        location.chain(rule).collect()
    }
}
