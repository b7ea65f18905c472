//! `Circumstances`, what a decision rests on beside the policy: what patients say, how they are
//! written to, and the time; the deciding is in `flow`.

use std::fmt;

use crate::address::AddressDigest;
use crate::clock::Timestamp;
use crate::consent_store::ConsentView;

/// What a decision rests on beside the policy.
#[derive(Clone, Copy)]
pub struct Circumstances<'c> {
    /// How the patient can be written to; asked about for marketing alone.
    pub addresses: &'c [AddressDigest],
    /// What patients allow and what holds them back.
    pub consents: &'c dyn ConsentView,
    /// Now.
    pub now: Timestamp,
}

impl fmt::Debug for Circumstances<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Circumstances")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
