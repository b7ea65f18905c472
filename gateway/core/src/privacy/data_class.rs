//! `DataClass`, the kinds of data that a patient's authorization names; which elements are of which
//! class is said by the rows of a policy.

use crate::privacy::closed_list::closed_list;

closed_list! {
    /// A kind of data, in the words of an authorization (45 CFR 164.508(c)(1)(i)).
    DataClass {
        /// Names, telecom, postal address.
        Contact = "contact",
        /// Birth date, sex, language and the like.
        Demographic = "demographic",
        /// Record numbers and other identifiers.
        Identifier = "identifier",
        /// When and where someone is expected.
        Appointment = "appointment",
        /// Stays and visits.
        Encounter = "encounter",
        /// Diagnoses, results, medication, procedures.
        Clinical = "clinical",
        /// Insurance and accounts.
        Coverage = "coverage",
        /// Professionals and organizations.
        Provider = "provider",
    }
}
