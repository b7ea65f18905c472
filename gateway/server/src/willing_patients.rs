//! `WillingPatients`, who allow everything that they are asked: for showing what would leave; no
//! store is asked and nothing is sent on their word.

use isthmus_core::address::AddressDigest;
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::{Consent, ConsentChoice, ConsentUnavailable, ConsentView};
use isthmus_core::hold::Hold;
use isthmus_core::id::SubjectKey;

/// Patients who allow everything.
pub(crate) struct WillingPatients;

impl ConsentView for WillingPatients {
    fn as_of(&self, now: Timestamp) -> Timestamp {
        now
    }

    fn hold(&self, _: &SubjectKey) -> Result<Option<Hold>, ConsentUnavailable> {
        Ok(None)
    }

    fn is_suppressed(&self, _: &[AddressDigest]) -> Result<bool, ConsentUnavailable> {
        Ok(false)
    }

    fn consent(&self, _: &SubjectKey, _: &str) -> Result<Option<Consent>, ConsentUnavailable> {
        Ok(Some(Consent {
            choice: ConsentChoice::OptIn,
            version: 1,
            recorded_at: Timestamp::from_unix_millis(0),
        }))
    }
}
