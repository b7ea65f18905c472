//! `ConsentStore`, the seam over what patients allowed and forbade and over what holds them back,
//! and `ConsentView`, what it knows at one moment; what follows from it is decided in
//! `privacy::consent` and `privacy::flow`.

use crate::address::AddressDigest;
use crate::clock::Timestamp;
use crate::hold::Hold;
use crate::id::SubjectKey;

/// What a patient said about one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentChoice {
    /// Yes.
    OptIn,
    /// No, or no longer.
    OptOut,
}

impl ConsentChoice {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OptIn => "opt-in",
            Self::OptOut => "opt-out",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "opt-in" => Some(Self::OptIn),
            "opt-out" => Some(Self::OptOut),
            _ => None,
        }
    }
}

/// The newest word of a patient on one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// What they said.
    pub choice: ConsentChoice,
    /// Rises with every word of this patient on this category; 1 is the first.
    pub version: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What a patient said is not known; whoever asked must withhold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentUnavailable {
    /// It cannot be read now, which ends when the fault does.
    #[error("the consents cannot be read: {0}")]
    Now(String),
    /// What was said is damaged or its key is gone, until the patient says something again.
    #[error("a consent is lost: {0}")]
    Lost(String),
}

/// Knows what patients said and whether something holds back what is about them.
pub trait ConsentStore: Send + Sync {
    /// What is known from now on: asked once for a whole decision, or for several that are taken at
    /// once, so that all its answers are of one moment. It is dropped before anything is waited
    /// for.
    fn view(&self) -> Box<dyn ConsentView + '_>;
}

/// What a store knows at one moment.
pub trait ConsentView {
    /// As of when its answers hold: `now` when it asks its source every time, earlier for a copy.
    fn as_of(&self, now: Timestamp) -> Timestamp;

    /// What holds back everything about this patient, if something does.
    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable>;

    /// Whether whoever has one of these addresses must not be written to, known person or not.
    fn is_suppressed(&self, addresses: &[AddressDigest]) -> Result<bool, ConsentUnavailable>;

    /// The newest consent of this patient on this category. None: nothing was ever recorded.
    fn consent(
        &self,
        subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable>;
}

impl<V: ConsentView + ?Sized> ConsentView for &V {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        (**self).as_of(now)
    }

    fn hold(&self, subject: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        (**self).hold(subject)
    }

    fn is_suppressed(&self, addresses: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        (**self).is_suppressed(addresses)
    }

    fn consent(
        &self,
        subject: &SubjectKey,
        category: &str,
    ) -> Result<Option<Consent>, ConsentUnavailable> {
        (**self).consent(subject, category)
    }
}
