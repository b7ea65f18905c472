//! Whether a flow may release to its recipient now, asked at release and again before the bytes
//! leave; what is granted then is found in `flow`.

use crate::hold::Hold;
use crate::id::SubjectKey;
use crate::privacy::circumstances::Circumstances;
use crate::privacy::consent::ConsentAnswer;
use crate::privacy::disclosure::Grant;
use crate::privacy::flow::Flow;
use crate::privacy::release;

impl Flow {
    /// Whether what was released under `grant` may still be sent, to be asked right before the
    /// bytes leave.
    ///
    /// # Errors
    /// A code of [`release`].
    pub fn still_permits(
        &self,
        grant: &Grant,
        subject: &SubjectKey,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), &'static str> {
        let consent_version = self.permit(subject, circumstances)?;
        match circumstances.consents.hold(subject) {
            Ok(None) => {}
            Ok(Some(Hold::Review)) => return Err(release::REVIEW),
            Ok(Some(Hold::Restriction)) => return Err(release::RESTRICTION),
            Err(error) => return Err(release::unknown(&error)),
        }
        let present = self.grant(consent_version);
        if present == *grant {
            return Ok(());
        }
        let only_consent = Grant {
            consent_version: grant.consent_version,
            ..present
        };
        Err(if only_consent == *grant {
            release::CONSENT_CHANGED
        } else {
            release::POLICY_CHANGED
        })
    }

    /// The version of the consent that allows it, if one is needed; or why nothing may leave.
    pub(in crate::privacy) fn permit(
        &self,
        subject: &SubjectKey,
        circumstances: &Circumstances<'_>,
    ) -> Result<Option<u64>, &'static str> {
        let Circumstances {
            addresses,
            consents,
            now,
        } = *circumstances;
        if now >= self.terms.ends_at {
            return Err(release::EXPIRED);
        }
        if now >= self.agreement_ends_at {
            return Err(release::AGREEMENT_EXPIRED);
        }
        if self.asks_suppression() {
            match consents.is_suppressed(addresses) {
                Ok(false) => {}
                Ok(true) => return Err(release::SUPPRESSED),
                Err(error) => return Err(release::unknown(&error)),
            }
        }
        match self.terms.consent.ask(subject, consents, now) {
            ConsentAnswer::Allowed(version) => Ok(version),
            ConsentAnswer::Withheld => Err(release::CONSENT),
            ConsentAnswer::Unavailable(code) => Err(code),
        }
    }
}
