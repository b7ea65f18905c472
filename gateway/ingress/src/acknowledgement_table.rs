//! `AcknowledgementTable`, what a sender is told on which condition; the answer itself is built in
//! `acknowledgement`.

use isthmus_core::refusal::Reason;
use serde::Deserialize;

/// A code that says no. There is no positive one to configure: a positive code follows from
/// `isthmus_core::intake::Accepted` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum NegativeCode {
    /// `AE`, in enhanced mode `CE`: most senders send the message again.
    #[serde(rename = "error", alias = "AE", alias = "CE")]
    Error,
    /// `AR`, in enhanced mode `CR`: most senders stop their queue or set the message aside.
    #[serde(rename = "reject", alias = "AR", alias = "CR")]
    Reject,
}

/// What becomes of a message whose type and event no map carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum NotMapped {
    /// It is stored, acknowledged, parked and alarmed.
    #[serde(rename = "accept", alias = "AA", alias = "CA")]
    Accept,
    /// It is refused with `AE` or `CE`, and not stored.
    #[serde(rename = "error", alias = "AE", alias = "CE")]
    Error,
    /// It is refused with `AR` or `CR`, and not stored.
    #[serde(rename = "reject", alias = "AR", alias = "CR")]
    Reject,
}

/// Condition -> code for one sender, `[sender.acknowledge]`. The keys are the reason codes; the
/// values `error` (or `AE`), `reject` (or `AR`), and for `not-mapped` also `accept` (or `AA`).
///
/// What goes wrong after the acknowledgement (a code without a translation, a rule that fails) is
/// parked and alarmed and has no row here. A strict sender sets `not-mapped = "AE"`: whether a map
/// is there for the type and event is asked before the message is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AcknowledgementTable {
    /// No HL7 v2 message, or one without a control id.
    pub unreadable: NegativeCode,
    /// Bytes that are not of the declared charset, or a charset without a decoder.
    pub charset: NegativeCode,
    /// A name, event or assigning authority that is not this sender's.
    pub unauthorised: NegativeCode,
    /// Larger than the listener's limit.
    pub oversize: NegativeCode,
    /// Its sequence number is not the expected one.
    pub out_of_sequence: NegativeCode,
    /// It is not as its sender's profile asks, and `profile_failure` is `refuse`.
    pub nonconforming: NegativeCode,
    /// The store cannot take it now.
    pub store_unavailable: NegativeCode,
    /// No map carries its type and event.
    pub not_mapped: NotMapped,
}

impl Default for AcknowledgementTable {
    fn default() -> Self {
        Self {
            unreadable: NegativeCode::Reject,
            charset: NegativeCode::Reject,
            unauthorised: NegativeCode::Reject,
            oversize: NegativeCode::Reject,
            out_of_sequence: NegativeCode::Error,
            nonconforming: NegativeCode::Reject,
            store_unavailable: NegativeCode::Error,
            not_mapped: NotMapped::Accept,
        }
    }
}

impl AcknowledgementTable {
    /// The code for a refusal; reasons that arise after the acknowledgement count as errors.
    pub const fn code(&self, reason: Reason) -> NegativeCode {
        match reason {
            Reason::Unreadable => self.unreadable,
            Reason::Charset => self.charset,
            Reason::Unauthorised => self.unauthorised,
            Reason::Oversize => self.oversize,
            Reason::OutOfSequence => self.out_of_sequence,
            Reason::Nonconforming => self.nonconforming,
            Reason::StoreUnavailable => self.store_unavailable,
            Reason::NotMapped => match self.not_mapped {
                NotMapped::Reject => NegativeCode::Reject,
                NotMapped::Accept | NotMapped::Error => NegativeCode::Error,
            },
            Reason::Unmappable
            | Reason::Unshapeable
            | Reason::Unopenable
            | Reason::RefusedByDestination
            | Reason::ConsentChanged
            | Reason::PolicyChanged
            | Reason::TriedTooLong
            | Reason::ConsentUnavailable
            | Reason::ConsentLost
            | Reason::Review
            | Reason::Restriction => NegativeCode::Error,
        }
    }
}
