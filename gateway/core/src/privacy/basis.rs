//! The legal bases of a flow and which purposes of use each allows; what the patient must have
//! consented to is in `consent`.

use crate::privacy::closed_list::closed_list;
use crate::privacy::purpose::Purpose;

closed_list! {
    /// Why a flow is lawful.
    Basis {
        /// Treatment, 45 CFR 164.506(c).
        Treatment = "treatment",
        /// Payment, 45 CFR 164.506(c).
        Payment = "payment",
        /// Health care operations, 45 CFR 164.506(c).
        Operations = "operations",
        /// Required by law or asked for by public health, 45 CFR 164.512.
        RequiredByLaw = "required-by-law",
        /// The patient's authorization, 45 CFR 164.508.
        HipaaAuthorization = "hipaa-authorization",
        /// An authorization under other law.
        Authorization = "authorization",
        /// Consent under Regulation (EU) 2016/679, articles 6(1)(a) and 9(2)(a).
        GdprConsent = "gdpr-consent",
        /// Consent to share under the Washington My Health My Data Act, RCW 19.373.030.
        MhmdaShare = "mhmda-share",
    }
    not enforced "limited-data-set" "safe-harbor"
}

impl Basis {
    /// Whether it is the patient's own consent, so that nothing leaves without one.
    pub const fn is_consent(self) -> bool {
        match self {
            Self::Treatment | Self::Payment | Self::Operations | Self::RequiredByLaw => false,
            Self::HipaaAuthorization
            | Self::Authorization
            | Self::GdprConsent
            | Self::MhmdaShare => true,
        }
    }

    /// The purposes that it allows: these and all below them; empty for every purpose.
    pub const fn purposes(self) -> &'static [&'static str] {
        match self {
            Self::Treatment => &["TREAT"],
            Self::Payment => &["HPAYMT"],
            Self::Operations => &["HOPERAT"],
            Self::RequiredByLaw => &["PUBHLTH", "GOV", "HLEGAL", "FRAUD", "PATRQT"],
            Self::HipaaAuthorization
            | Self::Authorization
            | Self::GdprConsent
            | Self::MhmdaShare => &[],
        }
    }

    /// Whether a flow on this basis may have this purpose.
    pub fn allows(self, purpose: Purpose) -> bool {
        let purposes = self.purposes();
        purposes.is_empty() || purposes.iter().any(|above| purpose.is_a(above))
    }
}
